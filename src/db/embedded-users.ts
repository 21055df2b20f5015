// Who uses the embedded server now, as one file a user beside it: the last one out stops it, and nobody stops it under
// another. Coming and going take turns under a lock; what a killed process left behind counts for nothing.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** initdb and a start, or a stop with its last checkpoint, are over by then. */
const longestTurnMs = 120_000;

export interface EmbeddedUser {
  /** Runs `stop` if no other user is left. Does nothing the second time. */
  leave(stop: () => Promise<void>): Promise<void>;
}

/** Counts the caller among the users once `start` has succeeded. */
export async function joinUsers<Started>(
  folder: string,
  start: () => Promise<Started>,
): Promise<{ readonly started: Started; readonly user: EmbeddedUser }> {
  const users = join(folder, 'users');
  const file = join(users, `${process.pid}.${randomBytes(4).toString('hex')}`);
  await mkdir(users, { recursive: true, mode: 0o700 });
  const started = await inTurn(folder, async () => {
    const result = await start();
    await writeFile(file, '', { mode: 0o600 });
    return result;
  });
  let left = false;
  const user: EmbeddedUser = {
    async leave(stop) {
      if (left) return;
      left = true;
      await inTurn(folder, async () => {
        await rm(file, { force: true });
        if (!(await readdir(users)).some((name) => isAlive(Number(name.split('.')[0])))) await stop();
      });
    },
  };
  return { started, user };
}

/** One process at a time: the lock is a file that names its holder, made in one step by link. */
async function inTurn<Answer>(folder: string, work: () => Promise<Answer>): Promise<Answer> {
  const lock = join(folder, 'turn.lock');
  const mine = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(mine, `${process.pid}`, { mode: 0o600 });
  try {
    for (let waitedMs = 0; !(await takeLock(mine, lock)); waitedMs += 25) {
      if (waitedMs >= longestTurnMs) throw new Error(`another process holds ${lock}`);
      await sleep(25);
    }
  } finally {
    await rm(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(mine: string, lock: string): Promise<boolean> {
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = await readFile(lock, 'utf8').catch(() => null);
  if (holder !== null && !isAlive(Number(holder))) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
