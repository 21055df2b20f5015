// The stored pages of the map of tags against its definition: the same roots and the same ways, however the tags came.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import {
  addTags,
  hasBelow,
  pathInPages,
  placeOf,
  prefixOf,
  readPage,
  type TagPage,
  type TagPair,
  writePage,
} from '../../src/ledger/tag-page.ts';
import { anyPairs, anyTag, modelPath, modelRoot } from './tag-model.ts';
import { hex } from './vectors.ts';

/** As a database keeps them: bytes by prefix, and no more read than the ways need. */
class Shelf {
  readonly #pages = new Map<string, Buffer>();

  onWaysTo(tags: readonly Uint8Array[]): Map<string, TagPage> {
    const pages = new Map<string, TagPage>();
    for (const tag of tags)
      for (let depth = 0, goesOn = true; goesOn; depth++) {
        const prefix = prefixOf(tag, depth);
        const bytes = this.#pages.get(prefix);
        if (bytes) pages.set(prefix, readPage(bytes));
        goesOn = hasBelow(pages.get(prefix), placeOf(tag, depth));
      }
    return pages;
  }

  add(pairs: readonly TagPair[]): Uint8Array {
    const pages = this.onWaysTo(pairs.map(({ tag }) => tag));
    const changed = new Set<string>();
    const root = addTags(pages, pairs, changed, sha256);
    for (const prefix of changed) this.#pages.set(prefix, writePage(pages.get(prefix) as TagPage));
    return root?.hash ?? new Uint8Array(32);
  }

  lose(prefix: string): void {
    this.#pages.delete(prefix);
  }
}

const numRuns = process.env.STABLEDOOR_SOAK ? 2000 : 100;

test('pages that grew batch by batch have the root and the ways of the definition', () => {
  fc.assert(
    fc.property(fc.array(anyPairs(12), { maxLength: 5 }), anyTag, (batches, stranger) => {
      const shelf = new Shelf();
      const known = new Map<string, TagPair>();
      for (const batch of batches.filter(({ length }) => length > 0)) {
        const root = shelf.add(batch);
        for (const pair of batch) if (!known.has(hex(pair.tag))) known.set(hex(pair.tag), pair);
        const pairs = [...known.values()];
        assert.equal(hex(root), hex(modelRoot(pairs)));
        for (const tag of [stranger, ...pairs.slice(0, 5).map((pair) => pair.tag)]) {
          const onWay = [...shelf.onWaysTo([tag]).values()];
          const path = pathInPages(onWay.length > 0 ? onWay : [readPage(new Uint8Array(16))], tag, sha256);
          const model = modelPath(pairs, tag);
          assert.deepEqual(path.siblings.map(hex), model.siblings.map(hex));
          assert.deepEqual(
            path.found && [hex(path.found.tag), hex(path.found.leaf)],
            model.found && [hex(model.found.tag), hex(model.found.leaf)],
          );
        }
      }
    }),
    { numRuns },
  );
});

test('a page is read exactly as it was written, and nothing else is read', () => {
  const bytes = writePage([
    null,
    { tag: new Uint8Array(32).fill(1), leaf: new Uint8Array(32) },
    { below: new Uint8Array(32) },
    ...new Array(13).fill(null),
  ]);
  assert.deepEqual(writePage(readPage(bytes)), bytes);
  for (const bent of [
    bytes.subarray(1),
    Buffer.concat([bytes, Buffer.of(0)]),
    Buffer.from(bytes).fill(3, 0, 1),
    Buffer.alloc(0),
  ])
    assert.throws(() => readPage(bent), /damaged/);
});

test('a page that was lost is missed, not made anew', () => {
  const shelf = new Shelf();
  const tag = (last: number) => new Uint8Array(32).fill(last, 31);
  const pair = (last: number) => ({ tag: tag(last), leaf: new Uint8Array(32) });
  shelf.add([pair(1), pair(2)]);
  shelf.lose('0');
  assert.throws(() => shelf.add([pair(3)]), /missing/);
});
