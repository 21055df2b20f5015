// Proofs: what is made verifies, and every way of bending one that the published negative vectors use is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyRoot, type Hash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  inclusionRanges,
  verifyConsistency,
  verifyGrowth,
  verifyInclusion,
} from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { base64, fromBase64, ourLeaves, ours } from './vectors.ts';

const leaves = ourLeaves(300);
const root = (size: number): Hash => rootOfLeaves(leaves.slice(0, size), sha256);
const included = (claim: InclusionClaim): boolean => verifyInclusion(claim, sha256);
const consistent = (claim: ConsistencyClaim): boolean => verifyConsistency(claim, sha256);
const garbage = sha256(Uint8Array.of(1, 2, 3));

const inclusionClaim = (index: number, size: number): InclusionClaim => ({
  index,
  size,
  leaf: leaves[index] as Hash,
  proof: inclusionProof(leaves.slice(0, size), index, sha256),
  root: root(size),
});
const consistencyClaim = (size1: number, size2: number): ConsistencyClaim => ({
  size1,
  size2,
  root1: root(size1),
  root2: root(size2),
  proof: consistencyProof(leaves.slice(0, size2), size1, sha256),
});

/** Every proof that is not `proof` but close to it. */
function bentProofs(proof: readonly Hash[], others: readonly Hash[]): Hash[][] {
  const flipped = proof.map((hash, at) => {
    const bent = Uint8Array.from(hash);
    bent[at % 32] = (bent[at % 32] as number) ^ 0x10;
    return proof.map((same, i) => (i === at ? bent : same));
  });
  const cut = proof.map((hash, at) => proof.map((same, i) => (i === at ? hash.slice(0, 31) : same)));
  const added = [garbage, ...others].flatMap((hash) => [
    [hash, ...proof],
    [...proof, hash],
  ]);
  const removed = proof.length === 0 ? [] : [proof.slice(1), proof.slice(0, -1), []];
  return [...flipped, ...cut, ...added, ...removed];
}

test('our published proofs are the ones we make', () => {
  assert.deepEqual(inclusionProof(leaves.slice(0, 5), 2, sha256).map(base64), ours.inclusion2in5);
  assert.deepEqual(consistencyProof(leaves.slice(0, 5), 3, sha256).map(base64), ours.consistency3to5);
  assert.deepEqual(consistencyProof(leaves.slice(0, 5), 4, sha256).map(base64), ours.consistency4to5);
});

test('our published proofs verify', () => {
  const proof = ours.inclusion2in5.map(fromBase64);
  assert.ok(included({ index: 2, size: 5, leaf: leaves[2] as Hash, proof, root: root(5) }));
  const growth = { size2: 5, root2: root(5) };
  assert.ok(consistent({ size1: 3, root1: root(3), ...growth, proof: ours.consistency3to5.map(fromBase64) }));
  assert.ok(consistent({ size1: 4, root1: root(4), ...growth, proof: ours.consistency4to5.map(fromBase64) }));
});

test('every leaf of every small tree has a proof that verifies', () => {
  for (let size = 1; size <= 40; size++)
    for (let index = 0; index < size; index++)
      assert.ok(included(inclusionClaim(index, size)), `${index} in ${size}`);
});

test('every small tree is consistent with every smaller one', () => {
  for (let size2 = 1; size2 <= 40; size2++)
    for (let size1 = 1; size1 <= size2; size1++)
      assert.ok(consistent(consistencyClaim(size1, size2)), `${size1} to ${size2}`);
});

test('a bent inclusion proof is refused', () => {
  const sizes = fc
    .integer({ min: 1, max: 300 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));
  fc.assert(
    fc.property(sizes, ([size, index]) => {
      const claim = inclusionClaim(index, size);
      assert.ok(included(claim));
      for (const proof of bentProofs(claim.proof, [claim.root, claim.leaf]))
        assert.ok(!included({ ...claim, proof }));
      for (const other of [index - 1, index + 1, index ^ 2, size, -1, 0.5])
        assert.ok(!included({ ...claim, index: other }) || other === index, `index ${other}`);
      for (const other of [size * 2, size + 2 ** 32])
        assert.ok(!included({ ...claim, size: other }), `size ${other}`);
      assert.ok(!included({ ...claim, root: garbage }));
      assert.ok(!included({ ...claim, leaf: garbage }));
      assert.ok(!included({ ...claim, root: new Uint8Array(0) }));
    }),
    { numRuns: 60 },
  );
});

test('a bent consistency proof is refused', () => {
  const sizes = fc
    .integer({ min: 2, max: 300 })
    .chain((size2) => fc.tuple(fc.integer({ min: 1, max: size2 - 1 }), fc.constant(size2)));
  fc.assert(
    fc.property(sizes, ([size1, size2]) => {
      const claim = consistencyClaim(size1, size2);
      assert.ok(consistent(claim));
      for (const proof of bentProofs(claim.proof, [claim.root1, claim.root2]))
        assert.ok(!consistent({ ...claim, proof }));
      assert.ok(!consistent({ ...claim, root1: claim.root2, root2: claim.root1 }), 'swapped roots');
      assert.ok(!consistent({ ...claim, root1: garbage }));
      assert.ok(!consistent({ ...claim, root2: garbage }));
      assert.ok(!consistent({ ...claim, size1: size2, size2: size1 }));
      assert.ok(!consistent({ ...claim, size1: 0 }));
      assert.ok(!consistent({ ...claim, size2: 0 }));
    }),
    { numRuns: 60 },
  );
});

test('a tree of one size is consistent with itself only, and without a proof', () => {
  const same = { size1: 7, size2: 7, root1: root(7), root2: root(7), proof: [] };
  assert.ok(consistent(same));
  assert.ok(!consistent({ ...same, root2: root(8) }));
  assert.ok(!consistent({ ...same, proof: [garbage] }));
});

test('an empty tree is consistent with nothing, but a log may grow from it', () => {
  const claim = { size1: 0, size2: 3, root1: emptyRoot(sha256), root2: root(3), proof: [] };
  assert.ok(!consistent(claim));
  assert.ok(verifyGrowth(claim, sha256));
  assert.ok(!verifyGrowth({ ...claim, proof: [garbage] }, sha256));
  assert.ok(!verifyGrowth({ ...claim, root1: garbage }, sha256));
  assert.ok(verifyGrowth(consistencyClaim(3, 9), sha256));
});

test('there is no proof of a leaf that the tree does not have', () => {
  assert.throws(() => inclusionRanges(5, 5), RangeError);
  assert.throws(() => inclusionRanges(-1, 5), RangeError);
  assert.throws(() => inclusionRanges(0, 2 ** 53), RangeError);
});
