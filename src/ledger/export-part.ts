// Where an export is written before it is whole: beside its place, in a file of the process that writes it, so that no two
// ever write one file. What a process left behind that is gone is taken over by the next.
import { readdir, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Parts that this process is writing now. */
const writing = new Set<string>();

export const partOf = (out: string, pid = process.pid): string => `${resolve(out)}.${pid}.part`;

export interface ClaimedPart {
  readonly path: string;
  /** When it has been written, or given up. */
  release(): void;
}

/** Errors: this process writes it already. */
export async function claimPart(out: string): Promise<ClaimedPart> {
  const path = partOf(out);
  if (writing.has(path)) throw new Error(`${out} is being written already`);
  writing.add(path);
  const release = () => void writing.delete(path);
  try {
    for (const left of await leftBehind(out)) {
      // Whoever renames it first has it.
      const taken = await rename(left, path).then(
        () => true,
        () => false,
      );
      if (taken) break;
    }
  } catch (error) {
    release();
    throw error;
  }
  return { path, release };
}

/** Our own from before, else those of processes that are gone. */
async function leftBehind(out: string): Promise<string[]> {
  const [folder, name] = [dirname(resolve(out)), basename(out)];
  const pids = (await readdir(folder)).flatMap((file) => {
    const pid = file.startsWith(`${name}.`)
      ? /^([1-9][0-9]*)\.part$/.exec(file.slice(name.length + 1))
      : null;
    return pid === null ? [] : [Number(pid[1])];
  });
  if (pids.includes(process.pid)) return [];
  return pids.filter((pid) => !isAlive(pid)).map((pid) => join(folder, `${name}.${pid}.part`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
