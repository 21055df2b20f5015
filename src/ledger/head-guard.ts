// The head guard: the newest checkpoint of the log, kept in a file apart from the database, so that a database that was
// set back to an old backup is known at once. It only ever grows, and it is written behind the appends, never in their way.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import { replaceDurably } from './durable-file.ts';
import { nodeCrypto } from './node-crypto.ts';
import { NoteError, type VerifierKey } from './verifier-key.ts';

export interface HeadGuard {
  readonly file: string;
  /** Null where nothing has been kept yet. Errors: HeadGuardError; the file cannot be read. */
  find(): Promise<OpenedCheckpoint | null>;
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
  return {
    file,
    async find() {
      const note = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
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

/** For databases that are made anew on purpose. */
export const removeHeadGuard = (file: string): Promise<void> => rm(file, { force: true });
