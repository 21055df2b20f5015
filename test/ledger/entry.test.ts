// The text of an entry: one way to write it, and no other that the parser takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/ledger/crypto.ts';
import {
  assembleEntry,
  checkBodyLength,
  EntryFormatError,
  genesisPrev,
  MAX_BODY_BYTES,
  MAX_ENTRY_BYTES,
  MAX_HEADER_BYTES,
  parseEntry,
} from '../../src/ledger/entry.ts';
import { leafHash } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { base64, hex, ours, vectors } from './vectors.ts';

interface EntryVectors {
  readonly genesisPrev: string;
  readonly entries: { readonly text: string; readonly leaf: string }[];
}
const prev = genesisPrev(ours.origin, sha256);
const stag = base64(sha256(utf8('tag')));
const body = '{"kind":"x"}';
const header = { index: 0, prev, timeMs: 1_700_000_000_000, stag: null };

test('our entry vectors are assembled, parsed and hashed to the byte', () => {
  const entries = vectors<EntryVectors>('entry');
  assert.equal(prev, entries.genesisPrev);
  for (const { text, leaf } of entries.entries) {
    const parsed = parseEntry(text);
    assert.equal(assembleEntry(parsed, parsed.body), text);
    assert.equal(hex(leafHash(utf8(text), sha256)), leaf);
  }
});

test('what was assembled parses back', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(base64);
  const anyHeader = fc.record({
    index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    prev: hash,
    timeMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    stag: fc.option(hash),
  });
  const anyBody = fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify({ text }));
  fc.assert(
    fc.property(anyHeader, anyBody, (given, text) => {
      assert.deepEqual(parseEntry(assembleEntry(given, text)), { ...given, body: text });
    }),
  );
});

test('an entry that differs by a byte from what we write is refused', () => {
  const text = assembleEntry({ ...header, stag }, body);
  assert.doesNotThrow(() => parseEntry(text));
  const cases: [string, string][] = [
    ['stabledoor/entry/v1', 'stabledoor/entry/v2'],
    ['stabledoor/entry/v1', ' stabledoor/entry/v1'],
    ['stabledoor/entry/v1\n', 'stabledoor/entry/v1\r\n'],
    ['idx 0', 'idx 00'],
    ['idx 0', 'idx +0'],
    ['idx 0', 'idx -1'],
    ['idx 0', 'idx  0'],
    ['idx 0', 'idx 0x1'],
    ['idx 0', 'idx 9007199254740993'],
    ['idx 0', 'idx '],
    ['idx 0\n', 'idx 0 \n'],
    ['prev ', 'prev A'],
    [prev, prev.slice(0, -1)],
    [prev, prev.replace(/.=$/, 'B=')],
    [prev, prev.replace(/[+/]/, '_')],
    ['time 17', 'time 017'],
    ['time 17', 'time 1.7'],
    ['time 1700000000000', 'time 1e12'],
    [`stag ${stag}`, 'stag '],
    [`stag ${stag}`, 'stag --'],
    [`stag ${stag}`, `stag ${stag}=`],
    [`\nstag ${stag}`, ''],
    [body, ''],
    [`${body}\n`, body],
    [`${body}\n`, `${body}\n\n`],
    [`${body}\n`, `${body}\n${body}\n`],
    [body, '{"kind":\n"x"}'],
  ];
  for (const [from, to] of cases) {
    const bent = text.replace(from, to);
    assert.notEqual(bent, text, `${from} -> ${to}`);
    assert.throws(() => parseEntry(bent), EntryFormatError, JSON.stringify([from, to]));
  }
  assert.throws(() => parseEntry(''), EntryFormatError);
});

test('an entry of 65,535 bytes is the longest that is read', () => {
  const empty = assembleEntry(header, '').length;
  assert.doesNotThrow(() => parseEntry(assembleEntry(header, 'x'.repeat(MAX_ENTRY_BYTES - empty))));
  assert.throws(() => parseEntry(assembleEntry(header, 'x'.repeat(MAX_ENTRY_BYTES - empty + 1))), /at most/);
  const half = 'é'.repeat((MAX_ENTRY_BYTES - empty + 1) / 2);
  assert.throws(() => parseEntry(assembleEntry(header, `${half}é`)), /at most/);
});

test('a body of the longest length fits under the longest header', () => {
  const last = Number.MAX_SAFE_INTEGER;
  assert.ok(assembleEntry({ index: last, prev, timeMs: last, stag }, '').length <= MAX_HEADER_BYTES);
  assert.doesNotThrow(() => checkBodyLength('x'.repeat(MAX_BODY_BYTES)));
  assert.throws(() => checkBodyLength('x'.repeat(MAX_BODY_BYTES + 1)), EntryFormatError);
  assert.throws(() => checkBodyLength('é'.repeat(MAX_BODY_BYTES / 2 + 1)), EntryFormatError);
});
