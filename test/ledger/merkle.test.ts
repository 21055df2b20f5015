// The tree against published roots, and against the definition of RFC 6962 written out plainly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLeaf,
  checkFrontier,
  emptyFrontier,
  emptyRoot,
  frontierRoot,
  type Hash,
  leafHash,
  nodeHash,
  pushLeaf,
  rootOfLeaves,
  splitPoint,
} from '../../src/ledger/merkle.ts';
import { batchProof } from '../../src/ledger/merkle-batch.ts';
import { inclusionProof, verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { base64, hex, ourLeaves, ours, vectors } from './vectors.ts';

/** MTH, word for word from RFC 6962, section 2.1. */
function plainRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return emptyRoot(sha256);
  if (leaves.length === 1) return leaves[0] as Hash;
  const split = splitPoint(leaves.length);
  return nodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)), sha256);
}

test('the roots of the RFC 6962 leaves are the published ones', () => {
  const rfc = vectors<{ leaves: string[]; roots: string[] }>('rfc6962');
  const leaves = rfc.leaves.map((leaf) => leafHash(Buffer.from(leaf, 'hex'), sha256));
  assert.deepEqual(
    rfc.roots.map((_, size) => hex(rootOfLeaves(leaves.slice(0, size), sha256))),
    rfc.roots,
  );
});

test('the roots of our leaves at boundary sizes up to 70,000 are those that other programs computed', () => {
  const leaves = ourLeaves(70_000);
  assert.equal(hex(leaves[0] as Hash), ours.leaf0);
  const hashes: Hash[] = [];
  const roots: Record<string, string> = {};
  leaves.forEach((leaf, index) => {
    pushLeaf(hashes, index, leaf, sha256);
    if (String(index + 1) in ours.roots) roots[index + 1] = base64(frontierRoot({ hashes }, sha256));
  });
  assert.deepEqual(roots, ours.roots);
});

test('a frontier gives the root that the definition gives, at every size up to 130', () => {
  const leaves = ourLeaves(130);
  let frontier = emptyFrontier;
  for (let size = 0; size <= leaves.length; size++) {
    checkFrontier(frontier);
    assert.equal(hex(frontierRoot(frontier, sha256)), hex(plainRoot(leaves.slice(0, size))), `size ${size}`);
    if (size < leaves.length) frontier = appendLeaf(frontier, leaves[size] as Hash, sha256);
  }
});

test('a batch appended to a frontier gives the same root, frontier and proofs as the whole tree', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 1, max: 60 }), (before, added) => {
      const leaves = ourLeaves(before + added);
      let frontier = emptyFrontier;
      for (const leaf of leaves.slice(0, before)) frontier = appendLeaf(frontier, leaf, sha256);
      const batch = batchProof(frontier, leaves.slice(before), sha256);
      assert.equal(hex(batch.root), hex(plainRoot(leaves)));
      assert.equal(batch.frontier.size, leaves.length);
      checkFrontier(batch.frontier);
      for (let index = before; index < leaves.length; index++)
        assert.deepEqual(batch.proof(index).map(hex), inclusionProof(leaves, index, sha256).map(hex));
    }),
    { numRuns: 150 },
  );
});

test('a batch at a size past 2^31 and past 2^32 proves its leaves', () => {
  for (const size of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 2 ** 40 + 2 ** 33 - 1]) {
    const bits = size.toString(2).split('1').length - 1;
    const frontier = { size, hashes: ourLeaves(bits) };
    const leaves = ourLeaves(20);
    const batch = batchProof(frontier, leaves, sha256);
    leaves.forEach((leaf, i) => {
      const claim = {
        index: size + i,
        size: size + 20,
        leaf,
        root: batch.root,
        proof: batch.proof(size + i),
      };
      assert.ok(verifyInclusion(claim, sha256), `leaf ${size + i}`);
      assert.ok(!verifyInclusion({ ...claim, index: claim.index - 2 ** 31 + 1 }, sha256));
    });
  }
});

test('a batch gives no proof for a leaf that is not of it', () => {
  const batch = batchProof({ size: 4, hashes: ourLeaves(1) }, ourLeaves(2), sha256);
  assert.throws(() => batch.proof(3), RangeError);
  assert.throws(() => batch.proof(6), RangeError);
});

test('a frontier with a hash too many, too few or too short is refused', () => {
  const [hash] = ourLeaves(1) as [Hash];
  assert.throws(() => checkFrontier({ size: 3, hashes: [hash] }), RangeError);
  assert.throws(() => checkFrontier({ size: 4, hashes: [hash, hash] }), RangeError);
  assert.throws(() => checkFrontier({ size: 1, hashes: [hash.slice(1)] }), RangeError);
  assert.throws(() => checkFrontier({ size: -1, hashes: [] }), RangeError);
  assert.throws(() => checkFrontier({ size: 2 ** 53, hashes: [hash] }), RangeError);
});
