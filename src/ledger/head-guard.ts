// The head guard: the newest checkpoint of the log, kept in a file apart from the database, so that a database that was
// set back to an old backup is known at once. It only ever grows, and it is written behind the appends, never in their way.
import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { replaceDurably } from './durable-file.ts';
import { nodeCrypto } from './node-crypto.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';

export interface HeadGuard {
  readonly file: string;
  /** Null where nothing has been kept yet. Errors: HeadGuardError; the file cannot be read. */
  find(): Promise<OpenedCheckpoint | null>;
  /** When the backup was made that this log was restored from; null where it was not. */
  restoredFrom(): Promise<string | null>;
  /** The note as it was kept, whether it holds or not. */
  note(): Promise<string | null>;
  /** Durable when it resolves. */
  keep(note: string): Promise<void>;
}

/** The file is there and says nothing that this log has signed. */
export class HeadGuardError extends Error {
  override readonly name = 'HeadGuardError';
}

export function openHeadGuard(
  file: string,
  trust: () => { readonly origin: string; readonly logKeys: readonly VerifierKey[] },
): HeadGuard {
  const textOf = (path: string) =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  const noteIn = () => textOf(file);
  return {
    file,
    note: noteIn,
    restoredFrom: async () => (await textOf(restoredName(file)))?.trim() ?? null,
    async find() {
      const note = await noteIn();
      if (note === null) return null;
      try {
        return await openCheckpoint(note, trust(), nodeCrypto);
      } catch (error) {
        if (!(error instanceof NoteError)) throw error;
        throw new HeadGuardError(`the head guard ${file} is not of this log: ${error.message}`);
      }
    },
    async keep(note) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await replaceDurably(file, note);
    },
  };
}

/**
 * Each log has a file of its own: what is known of a log that was set back stays known. By name, not by number: a backup
 * that is restored twice has two second logs.
 */
export const headGuardFileOf = (file: string, { origin, formers }: GuardedLog): string =>
  formers.length === 0 ? file : `${file}-${hash('sha256', origin, 'hex').slice(0, 16)}`;

interface GuardedLog {
  readonly origin: string;
  readonly formers: readonly unknown[];
}

const restoredName = (file: string): string => `${file}.restored`;

/**
 * Beside the guard: what is here came out of a backup, and nobody can tell what was written since. It holds for this log;
 * the one that goes on for it has a guard of its own.
 */
export async function markRestored(file: string, madeMs: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceDurably(restoredName(file), `${new Date(madeMs).toISOString()}\n`);
}

/** For databases that are made anew on purpose. */
export async function removeHeadGuard(file: string): Promise<void> {
  const names = await readdir(dirname(file)).catch(() => []);
  const ofLogs = names.filter((name) => isGuardOf(basename(file), name.replace(/\.restored$/, '')));
  for (const name of ofLogs) await rm(join(dirname(file), name), { force: true });
}

const isGuardOf = (first: string, name: string): boolean =>
  name === first || (name.startsWith(`${first}-`) && /^[0-9a-f]{16}$/.test(name.slice(first.length + 1)));
