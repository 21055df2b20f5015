// A policy folder of a test's own, made from the real one with changes, and removed afterwards.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const policyDir = join(import.meta.dirname, '../../policies');

/** Changes by file name; a text that is given replaces the file or makes a new one. */
export type Changes = Record<string, (text: string) => string>;

export async function withPolicyDir<T>(changes: Changes, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'stabledoor-policy-'));
  try {
    await cp(policyDir, dir, { recursive: true });
    await Promise.all(
      Object.entries(changes).map(async ([name, change]) => {
        const text = await readFile(join(policyDir, name), 'utf8').catch(() => '');
        await writeFile(join(dir, name), change(text));
      }),
    );
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}
