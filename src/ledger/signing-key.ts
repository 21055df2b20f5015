// The ledger's signing key: one file in the key folder, in Go's private-key text form, readable by us alone.
// Production never makes a missing key by itself: a broker with a new key would be a new log under an old name.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSignerKey, type NoteSigner, parseSignerKey } from './note-signer.ts';

const fileName = 'ledger.key';

/** Errors: no key, and none may be made; a key of another origin. */
export async function openLedgerKey(keyDir: string, origin: string, mayMake: boolean): Promise<NoteSigner> {
  const file = join(keyDir, fileName);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (text === null) {
    if (!mayMake) throw new Error(`there is no ledger key at ${file}: run \`stabledoor init\` once`);
    return await makeLedgerKey(keyDir, origin);
  }
  const signer = parseSignerKey(text);
  if (signer.key.name !== origin)
    throw new Error(`the ledger key at ${file} is of ${signer.key.name}, not of ${origin}`);
  return signer;
}

/** Never overwrites: whoever comes second takes the key of the first. */
export async function makeLedgerKey(keyDir: string, origin: string): Promise<NoteSigner> {
  await mkdir(keyDir, { recursive: true, mode: 0o700 });
  const file = join(keyDir, fileName);
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, `${formatSignerKey(origin, randomBytes(32))}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  return parseSignerKey(await readFile(file, 'utf8'));
}
