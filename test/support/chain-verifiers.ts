// A household's own file by both verifiers, which must find the same: ours and the one in Python.
import assert from 'node:assert/strict';
import { ChainFormatError, parseChainFile } from '../../src/ledger/chain-file.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import { type ChainVerdict, verifyChainFile } from '../../src/ledger/verify-chain-file.ts';
import {
  type ChainCase,
  type PythonChainVerdict,
  verifyChainsInPython,
  whyNoPython,
} from './python-verifier.ts';

/** Null for what is refused: text that is no such file, or keys of another log. */
async function verifyHere({ text, keys, span }: ChainCase): Promise<ChainVerdict | null> {
  const size = span === undefined ? {} : { span };
  try {
    return await verifyChainFile(parseChainFile(text), { ...nodeCrypto, keys, ...size });
  } catch (error) {
    if (error instanceof ChainFormatError || error instanceof NoteError) return null;
    throw error;
  }
}

export const foundIn = ({ violations }: Pick<ChainVerdict | PythonChainVerdict, 'violations'>) =>
  violations.map(({ number, kind }) => [number, kind]);

const ours = (one: ChainVerdict | null) =>
  one && {
    ...{ sound: one.sound, found: foundIn(one), size: one.size, covered: one.covered, ms: one.coveredMs },
    ...{ opened: one.opened, unopened: one.unopened, witnesses: one.witnesses },
  };
const theirs = (one: PythonChainVerdict | null) =>
  one && {
    ...{ sound: one.sound, found: foundIn(one), size: one.size, covered: one.covered, ms: one.covered_ms },
    ...{ opened: one.opened, unopened: one.unopened, witnesses: one.witnesses },
  };

export async function verifyChains(
  cases: readonly (ChainCase & { readonly name?: string })[],
): Promise<(ChainVerdict | null)[]> {
  const verdicts = await Promise.all(cases.map(verifyHere));
  if (whyNoPython !== null) return verdicts;
  verifyChainsInPython(cases).forEach((other, i) => {
    assert.deepEqual(theirs(other), ours(verdicts[i] ?? null), cases[i]?.name);
  });
  return verdicts;
}
