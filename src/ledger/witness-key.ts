// The key file of a witness, in Go's private-key text form, readable by its owner alone; made once, never replaced.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type Cosigner, formatSignerKey, parseCosignerKey } from './note-signer.ts';

export interface WitnessKey {
  readonly cosigner: Cosigner;
  readonly isNew: boolean;
}

/** `nameIfNew` names the witness where the file is made. Errors: the file cannot be read, made or understood. */
export async function openWitnessKey(file: string, nameIfNew: string): Promise<WitnessKey> {
  const made = await writeFile(file, `${formatSignerKey(nameIfNew, randomBytes(32))}\n`, {
    mode: 0o600,
    flag: 'wx',
  }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
  return { cosigner: parseCosignerKey(await readFile(file, 'utf8')), isNew: made };
}
