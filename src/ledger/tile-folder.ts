// A folder of files that any object store or content network can serve as a log. A file in it never changes, but for
// `checkpoint`, and what a checkpoint stands on is on the disk before it.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { splitNote } from './note.ts';

/** The folder is not what it should be: nothing of it was changed. */
export class TileFolderError extends Error {
  override readonly name = 'TileFolderError';
}

export interface TileFolder {
  /** The checkpoint that is there, its signature not verified; null in a new folder. */
  newest(): Promise<Checkpoint | null>;
  /** False where the file was there already. Errors: TileFolderError if it holds something else. */
  put(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Puts what came before on the disk, and then the checkpoint in the place of the one before. */
  publish(note: string): Promise<void>;
  /** For partial tiles that are whole by now. */
  remove(path: string): Promise<void>;
}

/** `secret`: for the eyes of the user alone who runs this. */
export function openTileFolder(folder: string, secret: boolean): TileFolder {
  const root = resolve(folder);
  const [folderMode, fileMode] = secret ? [0o700, 0o600] : [0o755, 0o644];
  const checkpointFile = join(root, 'checkpoint');
  const touched = new Set<string>();

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: folderMode });
    // Beside its place first: what stands under a name is whole, however this process ends.
    const fresh = `${path}.${process.pid}.part`;
    try {
      const file = await open(fresh, 'w', fileMode);
      await file.writeFile(bytes).finally(() => file.sync().finally(() => file.close()));
      await rename(fresh, path);
    } finally {
      await rm(fresh, { force: true });
    }
    for (let each = folder; !touched.has(each); each = dirname(each)) {
      touched.add(each);
      if (each === root) break;
    }
  }

  return {
    async newest() {
      const note = await readIfThere(checkpointFile);
      if (note === null) return null;
      try {
        return parseCheckpoint(splitNote(note.toString('utf8')).text);
      } catch {
        throw new TileFolderError(`${checkpointFile} is not a checkpoint`);
      }
    },
    async put(path, bytes) {
      const file = join(root, path);
      const there = await readIfThere(file);
      if (there === null) await write(file, bytes);
      else if (!sameBytes(there, bytes))
        throw new TileFolderError(`${file} holds something else than the log, and tiles never change`);
      return there === null;
    },
    async publish(note) {
      await syncFolders(touched);
      await write(checkpointFile, Buffer.from(note));
      await syncFolders(touched);
      touched.clear();
    },
    remove: (path) => rm(join(root, path), { recursive: true, force: true }),
  };
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A name is on the disk when its folder is. Windows cannot open a folder, and needs not. */
async function syncFolders(folders: ReadonlySet<string>): Promise<void> {
  if (process.platform === 'win32') return;
  for (const path of folders) {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  }
}
