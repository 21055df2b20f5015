// The ledger's signing keys: files in the key folder, in Go's private-key text form, readable by us alone.
// Production never makes a missing key by itself: a broker with a new key would be a new log under an old name.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSignerKey, type NoteSigner, parseSignerKey } from './note-signer.ts';

const firstName = 'ledger.key';
const fileName = /^ledger(-[0-9a-f]{8})?\.key$/;

export interface LedgerKeyFile {
  readonly file: string;
  readonly signer: NoteSigner;
}

/** Every ledger key of that folder, of whatever origin. Errors: a file that is no key. */
export async function readLedgerKeys(keyDir: string): Promise<LedgerKeyFile[]> {
  const names = await readdir(keyDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  return await Promise.all(
    names
      .filter((name) => fileName.test(name))
      .sort()
      .map(async (name) => ({ file: join(keyDir, name), signer: await readKey(join(keyDir, name)) })),
  );
}

/** A key of that origin. Errors: there is none, and none may be made; there are only keys of another origin. */
export async function openLedgerKey(keyDir: string, origin: string, mayMake: boolean): Promise<NoteSigner> {
  const keys = await readLedgerKeys(keyDir);
  const own = keys.find(({ signer }) => signer.key.name === origin);
  if (own) return own.signer;
  const [other] = keys;
  if (other)
    throw new Error(`the ledger key at ${other.file} is of ${other.signer.key.name}, not of ${origin}`);
  const file = join(keyDir, firstName);
  if (!mayMake) throw new Error(`there is no ledger key at ${file}: run \`stabledoor init\` once`);
  return (await makeKeyAt(file, keyDir, origin)).signer;
}

/** A further key, in a file of its own: for a rotation, or a log that succeeds another. It signs nothing yet. */
export async function makeFurtherKey(keyDir: string, origin: string): Promise<LedgerKeyFile> {
  const text = formatSignerKey(origin, randomBytes(32));
  const id = parseSignerKey(text).key.id.toString(16).padStart(8, '0');
  return await makeKeyAt(join(keyDir, `ledger-${id}.key`), keyDir, origin, text);
}

/** Never overwrites: whoever comes second takes the key of the first. */
async function makeKeyAt(
  file: string,
  keyDir: string,
  origin: string,
  text = formatSignerKey(origin, randomBytes(32)),
): Promise<LedgerKeyFile> {
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  return { file, signer: await readKey(file) };
}

const readKey = async (file: string): Promise<NoteSigner> => {
  const text = await readFile(file, 'utf8');
  try {
    return parseSignerKey(text);
  } catch {
    throw new Error(`${file} is not a ledger key`);
  }
};
