// Says whether a process that left its pid in a file still runs: a pid alone may be another's by now, above all in a
// container, where they are few. And holds a folder for one process at a time.
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** What a process writes of itself: pid and, where the system tells it (Linux), when it started. */
export const myMark = async (): Promise<string> => `${process.pid} ${await startOf(process.pid)}`;

/** Field 22 of /proc/<pid>/stat, ticks since the machine started; empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in field 2 may hold spaces and brackets: count from behind its end.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whether the process that wrote this mark runs still. */
export async function runs(mark: string): Promise<boolean> {
  const [pidText = '', start = ''] = mark.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' || start === (await startOf(pid));
}

const pollMs = 50;
/** Nothing that is done under the lock takes longer. */
const staleMs = 240_000;

/**
 * Runs `work` while nobody else runs theirs on this lock file: one process at a time, or one caller within a process.
 * A lock left by a dead process is taken over.
 */
export async function holding<Result>(lockFile: string, work: () => Promise<Result>): Promise<Result> {
  const mark = await myMark();
  const mine = `${lockFile}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(mine, mark, { mode: 0o600 });
  try {
    while (!(await takes(mine, lockFile))) await wait(pollMs);
    try {
      return await work();
    } finally {
      await rm(lockFile, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function takes(mine: string, lockFile: string): Promise<boolean> {
  try {
    await link(mine, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const [holder, found] = await Promise.all([
    readFile(lockFile, 'utf8').catch(() => null),
    stat(lockFile).catch(() => null),
  ]);
  if (holder === null || found === null) return false;
  if ((await runs(holder)) && performance.timeOrigin + performance.now() - found.mtimeMs < staleMs)
    return false;
  // Only one can move it away; whoever moved a newer one by mistake puts it back.
  const moved = `${mine}.stale`;
  await rename(lockFile, moved).catch(() => {});
  const text = await readFile(moved, 'utf8').catch(() => null);
  if (text !== null && text !== holder) await link(moved, lockFile).catch(() => {});
  await rm(moved, { force: true });
  return false;
}
