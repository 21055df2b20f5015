// Reads the witness policy from its file; whatever is wrong with it is one line that names the file.
import { readFile } from 'node:fs/promises';
import { sha256 } from './node-crypto.ts';
import { parseWitnessPolicy, type WitnessPolicy, WitnessPolicyError } from './witness-policy.ts';

export async function readWitnessPolicy(file: string): Promise<WitnessPolicy> {
  try {
    return parseWitnessPolicy(await readFile(file), sha256);
  } catch (error) {
    if (!(error instanceof WitnessPolicyError)) throw error;
    throw new WitnessPolicyError(`${file}: ${error.message}`);
  }
}
