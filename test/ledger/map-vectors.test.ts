// test/vectors/ledger/map.json: maps, roots and ways that other programs can be held to. Made anew here and compared.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '../../src/ledger/crypto.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { isAbsent, type TagPath } from '../../src/ledger/tag-map.ts';
import { inPython, whyNoPython } from '../support/python-verifier.ts';
import { modelMap, modelPath, modelRoot, type Pair } from './tag-model.ts';
import { base64, fromBase64, vectors } from './vectors.ts';

interface Way {
  readonly about: string;
  readonly tag: string;
  readonly siblings: readonly string[];
  readonly found: { readonly tag: string; readonly leaf: string } | null;
  readonly root: string;
  readonly absent: boolean;
}
interface MapVectors {
  /** Entry at `index`: tag SHA-256("tag <index>"), leaf SHA-256("leaf <index>"). */
  readonly maps: readonly {
    readonly span: number;
    readonly size: number;
    readonly indexes: readonly number[];
    readonly root: string;
  }[];
  readonly ways: readonly Way[];
}

const tagOf = (index: number) => sha256(utf8(`tag ${index}`));
const pairOf = (index: number) => ({ index, tag: tagOf(index), leaf: sha256(utf8(`leaf ${index}`)) });
const counted = (count: number) => Array.from({ length: count }, (_, i) => i);

function make(): MapVectors {
  const maps = (
    [
      [8, 0, []],
      [8, 3, []],
      [8, 3, [1]],
      [8, 8, [0, 7]],
      [8, 9, [0, 7]],
      [8, 9, [0, 8]],
      [8, 30, counted(30)],
      [1_048_576, 30, counted(40)],
    ] as [number, number, number[]][]
  ).map(([span, size, indexes]) => ({
    span,
    size,
    indexes,
    root: base64(modelMap(indexes.map(pairOf), size, span)),
  }));
  const pairs: Pair[] = counted(30).map(pairOf);
  const late = Uint8Array.from(tagOf(3));
  late[31] = (late[31] as number) ^ 1;
  const way = (
    about: string,
    of: readonly Pair[],
    tag: Uint8Array,
    bend: (path: TagPath) => TagPath = (path) => path,
  ): Way => {
    const root = modelRoot(of);
    const path = bend(modelPath(of, tag));
    const { siblings, found } = path;
    return {
      about,
      tag: base64(tag),
      siblings: siblings.map(base64),
      found: found === null ? null : { tag: base64(found.tag), leaf: base64(found.leaf) },
      root: base64(root),
      absent: isAbsent(tag, path, root, sha256),
    };
  };
  const ways = [
    way('in an empty tree', [], tagOf(99)),
    way('another tag stands alone', pairs.slice(0, 1), tagOf(99)),
    ...counted(6).map((i) => way('among thirty', pairs, tagOf(100 + i))),
    way(
      'beside a tag that differs in its last bit, which is there',
      [...pairs, { tag: late, leaf: tagOf(1) }],
      tagOf(3),
    ),
    way('differs from a tag in its last bit', pairs, late),
    way('the tag is there', pairs, tagOf(3)),
    way('a sibling is left out', pairs, tagOf(100), (path) => ({
      ...path,
      siblings: path.siblings.slice(0, -1),
    })),
    way('a sibling is another', pairs, tagOf(100), (path) => ({
      ...path,
      siblings: path.siblings.with(0, tagOf(7)),
    })),
    way('what stands there is left out', pairs, late, (path) => ({ ...path, found: null })),
    way('a tag that does not stand on the way', pairs, tagOf(100), (path) => ({
      ...path,
      found: pairs[0] ?? null,
    })),
  ];
  return { maps, ways };
}

const made = make();

test('the vectors of the map are those that are committed', () => {
  const file = join(import.meta.dirname, '../vectors/ledger/map.json');
  if (process.env.STABLEDOOR_WRITE_VECTORS) writeFileSync(file, `${JSON.stringify(made, null, 1)}\n`);
  assert.deepEqual(vectors<MapVectors>('map'), made);
});

test('each way shows absence or does not, as it says', () => {
  for (const { about, tag, siblings, found, root, absent } of vectors<MapVectors>('map').ways) {
    const path = {
      siblings: siblings.map(fromBase64),
      found: found === null ? null : { tag: fromBase64(found.tag), leaf: fromBase64(found.leaf) },
    };
    assert.equal(isAbsent(fromBase64(tag), path, fromBase64(root), sha256), absent, about);
  }
  assert.deepEqual(
    made.ways.map(({ absent }) => absent),
    [...Array(8).fill(true), false, true, ...Array(5).fill(false)],
  );
});

test('the second implementation has the same roots', { skip: whyNoPython ?? false }, () => {
  const code = `
roots = []
for one in json.load(sys.stdin):
    tags = verify.TagMap(None, one["span"])
    tags.find = lambda *what: roots.append(list(what))
    for index in range(one["size"]):
        stag = verify.encode64(verify.sha256(b"tag %d" % index)) if index in one["indexes"] else "-"
        tags.take(index, stag, verify.sha256(b"leaf %d" % index))
    tags.take(one["size"], "-", bytes(32))
    tags.publish(one["size"], one["size"], one["root"])
    roots.append(tags.covers)
print(json.dumps(roots))`;
  assert.deepEqual(
    inPython(code, made.maps),
    made.maps.map(({ size }) => size),
  );
});
