// Proofs for anyone: that an entry is in a tree, and that one tree grew out of another, from the stored hashes alone.
// Each is checked before it leaves: a store that was meddled with answers with a fault, not with a false proof.
import type { Store } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { sameBytes } from './crypto.ts';
import { emptyRoot, type Hash } from './merkle.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  verifyGrowth,
  verifyInclusion,
} from './merkle-proof.ts';
import { sha256 } from './node-crypto.ts';
import { splitNote } from './note.ts';
import { rootsOfRanges, runsOf } from './tile-proof.ts';
import { findTree, readRuns, type StoredTree } from './tile-store.ts';

export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly root: Hash;
  /** RFC 9162 section 2.1.3, leaf sibling first. */
  readonly hashes: readonly Hash[];
  /** The signed note of that size; null where no batch ended there, so that nothing was signed. */
  readonly checkpoint: string | null;
}

export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Hash;
  readonly toRoot: Hash;
  /** RFC 9162 section 2.1.4; empty from size 0, and where both sizes are the same. */
  readonly hashes: readonly Hash[];
  /** The signed note of size `to`, or null. */
  readonly checkpoint: string | null;
}

/** Without a size: in the newest tree. Errors: invalid_request, beyond_ledger. */
export async function proveInclusion(
  db: Store,
  logId: number,
  index: number,
  size?: number,
): Promise<InclusionProof> {
  const { size: treeSize, checkpoint } = await treeOf(db, logId, size);
  if (index >= treeSize)
    throw size === undefined
      ? beyond(treeSize)
      : new StabledoorError('invalid_request', 'index: must be below size');
  const ranges = [
    { start: index, end: index + 1 },
    { start: 0, end: treeSize },
  ];
  const stored = await readRoots(db, logId, [...ranges, ...inclusionRanges(index, treeSize)]);
  const [leaf, root, ...hashes] = stored as [Hash, Hash, ...Hash[]];
  if (!verifyInclusion({ index, size: treeSize, leaf, proof: hashes, root }, sha256))
    throw new FalseProof(`entry ${index} in the tree of ${treeSize}`);
  checkRoot(checkpoint, treeSize, root);
  return { index, size: treeSize, leaf, root, hashes, checkpoint };
}

export interface ProvenLeaf {
  readonly index: number;
  readonly hashes: readonly Hash[];
}

/** Level-0 tiles of so many entries are read at a time. */
const PROVEN_AT_ONCE = 100;

/** Of many entries in one tree, a hundred to a query. Errors: FalseProof. */
export async function proveEach(
  db: Store,
  logId: number,
  indexes: readonly number[],
  { size, root }: { readonly size: number; readonly root: Hash },
): Promise<ProvenLeaf[]> {
  const proven: ProvenLeaf[] = [];
  for (let i = 0; i < indexes.length; i += PROVEN_AT_ONCE) {
    const part = indexes.slice(i, i + PROVEN_AT_ONCE);
    const ranges = part.map((index) => [{ start: index, end: index + 1 }, ...inclusionRanges(index, size)]);
    const stored = await readRoots(db, logId, ranges.flat());
    let at = 0;
    for (const [j, index] of part.entries()) {
      const count = (ranges[j] as LeafRange[]).length;
      const [leaf, ...hashes] = stored.slice(at, at + count) as [Hash, ...Hash[]];
      at += count;
      if (!verifyInclusion({ index, size, leaf, proof: hashes, root }, sha256))
        throw new FalseProof(`entry ${index} in the tree of ${size}`);
      proven.push({ index, hashes });
    }
  }
  return proven;
}

/** Without `to`: to the newest tree. Errors: invalid_request, beyond_ledger. */
export async function proveConsistency(
  db: Store,
  logId: number,
  from: number,
  to?: number,
): Promise<ConsistencyProof> {
  const { size: treeSize, checkpoint } = await treeOf(db, logId, to);
  if (from > treeSize)
    throw to === undefined
      ? beyond(treeSize)
      : new StabledoorError('invalid_request', 'from: must not be above to');
  const trees = [from, treeSize].filter((size) => size > 0).map((size) => ({ start: 0, end: size }));
  const [stored, { checkpoint: fromNote }] = await Promise.all([
    readRoots(db, logId, [...trees, ...(from === 0 ? [] : consistencyRanges(from, treeSize))]),
    findTree(db, logId, from),
  ]);
  const roots = stored.slice(0, trees.length);
  const fromRoot = from === 0 ? emptyRoot(sha256) : (roots[0] as Hash);
  const toRoot = roots.at(-1) ?? fromRoot;
  const hashes = stored.slice(trees.length);
  const claim = { size1: from, size2: treeSize, root1: fromRoot, root2: toRoot, proof: hashes };
  if (!verifyGrowth(claim, sha256)) throw new FalseProof(`the tree of ${from} in that of ${treeSize}`);
  checkRoot(fromNote, from, fromRoot);
  checkRoot(checkpoint, treeSize, toRoot);
  return { from, to: treeSize, fromRoot, toRoot, hashes, checkpoint };
}

/** Root of the tree at any size up to the log's, from the stored hashes of its right edge. */
export async function rootAt(db: Store, logId: number, size: number): Promise<Hash> {
  if (size === 0) return emptyRoot(sha256);
  const [root] = await readRoots(db, logId, [{ start: 0, end: size }]);
  return root as Hash;
}

/** What is stored does not hang together: it was changed after it was written. */
export class FalseProof extends Error {
  override readonly name = 'FalseProof';
  constructor(what: string) {
    super(`the stored hashes do not prove ${what}`);
  }
}

async function readRoots(db: Store, logId: number, ranges: readonly LeafRange[]): Promise<Hash[]> {
  return rootsOfRanges(ranges, await readRuns(db, logId, runsOf(ranges)), sha256);
}

async function treeOf(db: Store, logId: number, size: number | undefined): Promise<StoredTree> {
  const tree = await findTree(db, logId, size);
  if (tree.size > tree.newest) throw beyond(tree.newest);
  return tree;
}

const beyond = (size: number) =>
  new StabledoorError('beyond_ledger', `The ledger has ${size} entries.`, { size });

function checkRoot(note: string | null, size: number, root: Hash): void {
  if (note !== null && !sameBytes(parseCheckpoint(splitNote(note).text).root, root))
    throw new FalseProof(`the checkpoint of ${size}`);
}
