// `stabledoor ledger proof` and `consistency`: proofs for whoever asks by letter and not by HTTP.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { proveConsistency, proveInclusion } from '../ledger/proofs.ts';
import { formatTlogProof } from '../ledger/tlog-proof.ts';
import { formatAddCheckpoint } from '../ledger/witness-request.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { readCount } from './count.ts';
import { logNamed, logOption } from './log-option.ts';
import { withDatabase } from './opened.ts';
import { openOutput } from './output.ts';

interface ProofOptions {
  readonly log?: string;
  readonly json?: boolean;
}

const unsigned = 'no checkpoint of that size was signed: leave the size out, or ask with --json';

export function addProofCommands(family: Command): void {
  family
    .command('proof')
    .description('prove that an entry is in the ledger: a C2SP tlog-proof')
    .argument('<index>', 'of the entry')
    .option('--size <size>', 'of the tree; the newest, without it')
    .option(...logOption)
    .option('--json', 'answer as JSON, at any size')
    .action(async (index: string, options: ProofOptions & { size?: string }) => {
      await proveEntry(readCount('INDEX', index), sizeOf('--size', options.size), options);
    });
  family
    .command('consistency')
    .description('prove that the ledger only grew: what a C2SP witness is sent')
    .argument('<from>', 'size of the older tree')
    .argument('[to]', 'size of the newer tree; the newest, without it')
    .option(...logOption)
    .option('--json', 'answer as JSON, at any size')
    .action(async (from: string, to: string | undefined, options: ProofOptions) => {
      await proveGrowth(readCount('FROM', from), sizeOf('TO', to), options);
    });
}

const sizeOf = (name: string, text: string | undefined) =>
  text === undefined ? undefined : readCount(name, text);

async function proveEntry(
  index: number,
  size: number | undefined,
  { log: number, json = false }: ProofOptions,
): Promise<void> {
  const proof = await withDatabase(readConfig(), ({ db, log }) =>
    proveInclusion(db, logNamed(log, number).logId, index, size),
  );
  const { leaf, root, hashes, checkpoint } = proof;
  if (checkpoint === null && !json) throw new Error(unsigned);
  const encoded = { leaf: encodeBase64(leaf), root: encodeBase64(root), hashes: hashes.map(encodeBase64) };
  const text = checkpoint === null ? '' : formatTlogProof({ index, hashes, checkpoint });
  openOutput(json).answer({ index, size: proof.size, ...encoded, checkpoint }, text);
}

async function proveGrowth(
  from: number,
  to: number | undefined,
  { log: number, json = false }: ProofOptions,
): Promise<void> {
  const proof = await withDatabase(readConfig(), ({ db, log }) =>
    proveConsistency(db, logNamed(log, number).logId, from, to),
  );
  const { hashes, checkpoint } = proof;
  if (checkpoint === null && !json) throw new Error(unsigned);
  const roots = { from_root: encodeBase64(proof.fromRoot), to_root: encodeBase64(proof.toRoot) };
  const value = { from, to: proof.to, ...roots, hashes: hashes.map(encodeBase64), checkpoint };
  const text =
    checkpoint === null ? '' : formatAddCheckpoint({ oldSize: from, proof: hashes, note: checkpoint });
  openOutput(json).answer(value, text);
}
