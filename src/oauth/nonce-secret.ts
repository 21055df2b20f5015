// The secret that DPoP nonces are made with: one file in the key folder, the same for every process.
// Losing it costs every third party one more round trip, and nothing else.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const secretBytes = 32;
const fileName = 'dpop-nonce.key';

/** Throws if there is none and `makeMissing` is false: production never makes a key by itself. */
export async function openNonceSecret(
  folder: string,
  { makeMissing }: { readonly makeMissing: boolean },
): Promise<Uint8Array> {
  const path = join(folder, fileName);
  const found = await readSecret(path);
  if (found !== null) return found;
  if (!makeMissing) throw new Error(`there is no secret for DPoP nonces in ${folder}: run stabledoor init`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Never over a file that is there: another process may have made it a moment ago.
  await writeFile(path, `${randomBytes(secretBytes).toString('base64url')}\n`, {
    flag: 'wx',
    mode: 0o600,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const made = await readSecret(path);
  if (made === null) throw new Error(`the secret that was made in ${folder} cannot be read`);
  return made;
}

async function readSecret(path: string): Promise<Uint8Array | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  // The message does not quote the file: it is a secret.
  if (!/^[A-Za-z0-9_-]{43}\n$/.test(text)) throw new Error(`${path} is not a secret of ours`);
  return Buffer.from(text.trim(), 'base64url');
}
