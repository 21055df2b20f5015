// What a witness remembers: one file a log, the newest checkpoint that it cosigned. A file is replaced whole and is on
// the disk before anybody hears of it; one process alone holds the folder, and none starts over a file it cannot read.
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { replaceDurably } from './durable-file.ts';

export interface WitnessFolder {
  /** The note kept for a log, or null if it has never cosigned for it. `name` is a file's name. */
  find(name: string): Promise<string | null>;
  /** Durable when it resolves: file and folder have been flushed. */
  keep(name: string, note: string): Promise<void>;
  /** Lets another process take the folder. */
  close(): Promise<void>;
}

/** Hex SHA-256 of the origin: the log's name in addresses (C2SP tlog-witness, read side) and in the folder. */
export const originHash = (origin: string): string => createHash('sha256').update(origin).digest('hex');

/** Errors: another process holds the folder; it cannot be made or written to. */
export async function openWitnessFolder(dir: string): Promise<WitnessFolder> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = await holdFolder(dir);
  return {
    async find(name) {
      return await readFile(join(dir, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
    },
    keep: (name, note) => replaceDurably(join(dir, name), note),
    close: () => new Promise((done) => lock.close(() => done())),
  };
}

/**
 * A socket in the folder, which the kernel gives up with the process, even one that is killed: a file with a process
 * id in it would outlive its process and mean another one later.
 */
async function holdFolder(dir: string): Promise<Server> {
  const path = join(dir, 'held');
  if (Buffer.byteLength(path) > 100)
    throw new Error(`the path of the witness's folder is too long for a socket: ${dir}`);
  try {
    return await listenAt(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  }
  const held = () => new Error(`another witness holds ${dir}`);
  if (await isAlive(path)) throw held();
  // Moved aside and asked once more: whoever else saw it dead may have put its own in the place meanwhile.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await rename(path, aside).catch(() => {
    throw held();
  });
  if (await isAlive(aside)) {
    await link(aside, path).catch(() => {});
    throw held();
  }
  await rm(aside, { force: true });
  return await listenAt(path);
}

const listenAt = (path: string): Promise<Server> =>
  new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', fail);
    server.listen(path, () => {
      server.unref();
      done(server);
    });
  });

const isAlive = (path: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
