// The map of tags against its definition: one root for one set of tags, and absence shown for what is absent alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sameBytes } from '../../src/ledger/crypto.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { isAbsent, joinNodes, type MapNode, mapRoot, rootOfPath, tagHash } from '../../src/ledger/tag-map.ts';
import { TagTree } from '../../src/ledger/tag-tree.ts';
import { Findings } from '../../src/ledger/verdict.ts';
import { MapCheck } from '../../src/ledger/verify-map.ts';
import { anyPairs, anyTag, modelMap, modelPath, modelRoot, type Pair } from './tag-model.ts';
import { base64, hex } from './vectors.ts';

const numRuns = process.env.STABLEDOOR_SOAK ? 3000 : 150;

test('the tree in memory has the root of its definition after each tag, in whatever order they came', () => {
  fc.assert(
    fc.property(anyPairs(), (pairs) => {
      const tree = new TagTree(sha256);
      pairs.forEach(({ tag, leaf }, i) => {
        assert.ok(tree.insert(tag, leaf));
        if (i % 3 === 0) assert.equal(hex(tree.root()), hex(modelRoot(pairs.slice(0, i + 1))));
      });
      const other = new TagTree(sha256);
      for (const { tag, leaf } of pairs.toReversed()) other.insert(tag, leaf);
      for (const { tag } of pairs) assert.equal(other.insert(tag, new Uint8Array(32)), false, 'it is there');
      assert.equal(hex(other.root()), hex(modelRoot(pairs)));
      assert.equal(hex(tree.root()), hex(other.root()));
    }),
    { numRuns },
  );
});

test('a tree grows beyond its first arrays', () => {
  const pairs = Array.from({ length: 3000 }, (_, i) => ({
    tag: sha256(Buffer.from(`tag ${i}`)),
    leaf: sha256(Buffer.from(`leaf ${i}`)),
  }));
  const tree = new TagTree(sha256);
  for (const { tag, leaf } of pairs) tree.insert(tag, leaf);
  assert.equal(hex(tree.root()), hex(modelRoot(pairs)));
});

test('joining subtrees from below gives the same root', () => {
  const joined = (pairs: readonly Pair[], depth: number): MapNode | null => {
    const [first] = pairs;
    if (first === undefined) return null;
    if (pairs.length === 1 && depth === 256)
      return { hash: tagHash(first.tag, first.leaf, sha256), isOne: true };
    const [left, right] = [0, 1].map((bit) =>
      pairs.filter(({ tag }) => (((tag[depth >> 3] as number) >> (7 - (depth & 7))) & 1) === bit),
    ) as [Pair[], Pair[]];
    return joinNodes(joined(left, depth + 1), joined(right, depth + 1), sha256);
  };
  fc.assert(
    fc.property(anyPairs(12), (pairs) => {
      const node = joined(pairs, 0);
      assert.equal(hex(node?.hash ?? new Uint8Array(32)), hex(modelRoot(pairs)));
      assert.equal(node?.isOne ?? true, pairs.length <= 1);
    }),
    { numRuns: 60 },
  );
});

test('the way to a tag leads to the root, and shows absence exactly where the tag is absent', () => {
  fc.assert(
    fc.property(anyPairs(), anyTag, (pairs, stranger) => {
      const root = modelRoot(pairs);
      for (const tag of [stranger, ...pairs.map((pair) => pair.tag)]) {
        const path = modelPath(pairs, tag);
        assert.deepEqual(hex(rootOfPath(tag, path, sha256) as Uint8Array), hex(root));
        const isThere = pairs.some((pair) => sameBytes(pair.tag, tag));
        assert.equal(isAbsent(tag, path, root, sha256), !isThere);
      }
    }),
    { numRuns },
  );
});

test('no way that was bent, cut, lengthened or made for another tag shows absence', () => {
  fc.assert(
    fc.property(anyPairs(), anyTag, fc.nat(), fc.nat({ max: 255 }), (pairs, tag, at, bit) => {
      const root = modelRoot(pairs);
      const path = modelPath(pairs, tag);
      const isFalse = (bent: typeof path, what: string) =>
        assert.equal(isAbsent(tag, bent, root, sha256), false, what);
      const { siblings, found } = path;
      if (siblings.length > 0) {
        const i = at % siblings.length;
        const flipped = Uint8Array.from(siblings[i] as Uint8Array);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        isFalse({ found, siblings: siblings.with(i, flipped) }, 'a bit of a sibling');
        isFalse({ found, siblings: siblings.slice(1) }, 'cut above');
        isFalse({ found, siblings: siblings.slice(0, -1) }, 'cut below');
      }
      isFalse({ found, siblings: [...siblings, new Uint8Array(32)] }, 'lengthened');
      isFalse({ found, siblings: [...siblings, new Uint8Array(31)] }, 'no hash');
      isFalse({ siblings, found: { tag, leaf: new Uint8Array(32) } }, 'the tag itself stands there');
      if (pairs.length > 0 && found !== null) isFalse({ siblings, found: null }, 'nothing stands there');
      for (const pair of pairs)
        if (pair !== found) isFalse({ siblings, found: pair }, 'another stands there');
    }),
    { numRuns },
  );
});

test('spans are mapped apart, and the verifier finds exactly the maps whose root or size is wrong', () => {
  const step = fc.record({
    tag: fc.option(anyTag, { nil: null }),
    lag: fc.option(fc.nat({ max: 6 }), { nil: null }),
    lie: fc.nat({ max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const findings = new Findings();
      const check = new MapCheck(sha256, findings, 8);
      const entries: { index: number; tag: Uint8Array; leaf: Uint8Array }[] = [];
      const expected: [number, string][] = [];
      let least = 0;
      steps.forEach(({ tag, lag, lie }, index) => {
        const leaf = sha256(Buffer.from(`leaf ${index}`));
        const own =
          lag === null && tag !== null && !entries.some((one) => sameBytes(one.tag, tag)) ? tag : null;
        check.take(index, own === null ? null : base64(own), leaf);
        if (own !== null) entries.push({ index, tag: own, leaf });
        if (lag === null) return;
        const size = lie === 0 ? index + 1 : index - lag;
        if (size < 0) return;
        const root = lie === 1 ? new Uint8Array(32) : modelMap(entries, size, 8);
        check.publish(index, size, base64(root));
        if (size > index || size < least) expected.push([index, 'map_size']);
        else {
          least = size;
          if (lie === 1) expected.push([index, 'map_root']);
        }
      });
      check.close();
      assert.deepEqual(
        findings.kept.map(({ index, kind }) => [index, kind]),
        expected,
      );
    }),
    { numRuns },
  );
});

test('a tag that stands twice in a span is found at the second entry, and the first stays in the map', () => {
  const findings = new Findings();
  const check = new MapCheck(sha256, findings, 4);
  const tag = sha256(Buffer.from('tag'));
  const leaves = [0, 1, 2].map((i) => sha256(Buffer.from(`leaf ${i}`)));
  for (const [i, leaf] of leaves.entries()) check.take(i, i === 1 ? null : base64(tag), leaf);
  check.take(3, null, leaves[0] as Uint8Array);
  check.publish(3, 3, base64(mapRoot([modelRoot([{ tag, leaf: leaves[0] as Uint8Array }])], sha256)));
  assert.deepEqual(
    findings.kept.map(({ index, kind }) => [index, kind]),
    [[2, 'tag_repeated']],
  );
  assert.deepEqual(check.close(), { maps: 1, covered: 3 });
});
