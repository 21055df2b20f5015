// Who uses the embedded server now, as one file a user beside it: the last one out stops it, and nobody stops it under
// another. Coming and going take turns under a lock; what a killed process left behind counts for nothing.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holding, myMark, runs } from './embedded-process.ts';

export interface EmbeddedUser {
  /** Runs `stop` if no other user is left. Does nothing the second time. */
  leave(stop: () => Promise<void>): Promise<void>;
  /** Runs `work` while nobody comes or goes. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Counts the caller among the users once `start` has succeeded. */
export async function joinUsers<Started>(
  folder: string,
  start: () => Promise<Started>,
): Promise<{ readonly started: Started; readonly user: EmbeddedUser }> {
  const users = join(folder, 'users');
  const turn = join(folder, 'turn.lock');
  const file = join(users, `${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(users, { recursive: true, mode: 0o700 });
  const started = await holding(turn, async () => {
    const result = await start();
    await writeFile(file, await myMark(), { mode: 0o600 });
    return result;
  });
  let left = false;
  const user: EmbeddedUser = {
    inTurn: (work) => holding(turn, work),
    async leave(stop) {
      if (left) return;
      left = true;
      await holding(turn, async () => {
        await rm(file, { force: true });
        if (!(await isUsed(users))) await stop();
      });
    },
  };
  return { started, user };
}

async function isUsed(users: string): Promise<boolean> {
  for (const name of await readdir(users)) {
    const file = join(users, name);
    if (await runs(await readFile(file, 'utf8').catch(() => ''))) return true;
    await rm(file, { force: true });
  }
  return false;
}
