// The quick ways to read an export give what the slow ways give, or nothing: for whatever letters anyone puts there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEntry } from '../../src/ledger/entry.ts';
import { EntryBodyError, parseEntryBody } from '../../src/ledger/entry-body.ts';
import { formatExportLine, parseExportLine, readExport } from '../../src/ledger/export-format.ts';
import { quickDisclosure } from '../../src/ledger/quick-body.ts';
import { decodeBase64, encodeBase64 } from '../../src/lib/base64.ts';
import { read } from './bent-log.ts';
import { drafts, entriesOf, honest, POLICY, type Step } from './small-log.ts';

const bodyOf = (draft: Step['draft'], commit?: Step['commit']): string =>
  parseEntry(entriesOf([...honest, { draft, ...(commit ? { commit } : {}) }]).at(-1) as string).body;
const body = bodyOf(read({}));

function slow(text: string): unknown {
  try {
    return parseEntryBody(text);
  } catch (error) {
    assert.ok(error instanceof EntryBodyError);
    return null;
  }
}

test('a disclosure as it is written is read the quick way, and as the schema reads it', () => {
  const { store_read: _, ...unnumbered } = drafts.disclosure;
  for (const text of [
    body,
    bodyOf(unnumbered),
    bodyOf(read({ reasons: ['a_reason'] })),
    bodyOf(read({}), { facts: POLICY }),
    bodyOf(read({ count: 0, resolution: 'PT30M', register: 'generation', version: 1_000_000 })),
  ]) {
    assert.notEqual(quickDisclosure(text), null);
    assert.deepEqual(quickDisclosure(text), parseEntryBody(text));
  }
  for (const text of [
    bodyOf(read({ reasons: ['a', 'b'] })),
    bodyOf(drafts.refusal),
    bodyOf(read({}), { wording: 'cNyFKy6KJ9i7x96nx1+w959jRCDbS0zMDByLbopDK6o=' }),
  ])
    assert.equal(quickDisclosure(text), null, 'left to the schema');
});

test('what the schema refuses, the quick way does not take: values at their limits, and any letter changed', () => {
  for (const [from, to] of [
    ['"version":1', '"version":0'],
    ['"version":1', '"version":1000001'],
    ['"version":1', '"version":01'],
    ['"count":31', '"count":-1'],
    ['"count":31', '"count":9999999999999999'],
    ['2023-02-01', '2023-02-30'],
    ['2023-02-01', '2023-01-01'],
    ['2023-01-01', '1899-01-01'],
    ['energy-advice', 'e'.repeat(65)],
    ['"reasons":[]', `"reasons":["${'r'.repeat(65)}"]`],
    ['"reasons":[]', '"reasons":["a","a"]'],
    ['"allowed"', '"refused"'],
    ['1700000000/2', '1700000000/02'],
  ] as const) {
    assert.ok(body.includes(from), from);
    const bent = body.replace(from, to);
    assert.deepEqual([quickDisclosure(bent), slow(bent)], [null, null], to);
  }
  for (let i = 0; i < body.length; i++)
    for (const letter of ['"', '\\', ' ', 'a', '0', '/', '_', '-', '\n', 'é']) {
      const bent = body.slice(0, i) + letter + body.slice(i + 1);
      const quick = quickDisclosure(bent);
      if (quick !== null) assert.deepEqual(quick, slow(bent));
    }
});

async function readAll(text: string): Promise<unknown> {
  async function* once() {
    yield new TextEncoder().encode(`${text}\n`);
  }
  try {
    return await Array.fromAsync(readExport(once()));
  } catch (error) {
    return (error as Error).name;
  }
}
function one(text: string): unknown {
  try {
    return [parseExportLine(text, 1)];
  } catch (error) {
    return (error as Error).name;
  }
}

test('a line of an entry is read as the slow way reads it, whatever stands in it', async () => {
  const pieces = fc.constantFrom(
    '\\n',
    '\\"',
    '\\\\',
    '\\/',
    '\\u0041',
    '\\u001f',
    '\\b',
    '"',
    ' ',
    'x',
    'é',
    '\\x',
    '}',
    ',',
  );
  const lines = fc.sample(
    fc.array(pieces, { maxLength: 12 }).map((parts) => `{"type":"entry","entry":"${parts.join('')}"}`),
    2000,
  );
  for (const line of [
    ...lines,
    '{"type":"entry","entry": "x"}',
    '{"type":"entry","entry":"x" }',
    '{"type":"entry","entry":""}',
    '{"type":"entry","entry":"x","more":"y"}',
  ])
    assert.deepEqual(await readAll(line), one(line), line);
  const long = formatExportLine({ type: 'entry', entry: 'x'.repeat(65_535) }).trimEnd();
  assert.deepEqual(await readAll(long), one(long));
  assert.equal(await readAll(long.replace('xx', 'xxx')), 'ExportFormatError');
});

test('base64 is taken as it is written and in no other spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = encodeBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeBase64(text), Uint8Array.from(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQgw/+=-_ é\n'), maxLength: 9 }), (text) => {
      const decoded = decodeBase64(text);
      const isCanonical = Buffer.from(text, 'base64').toString('base64') === text;
      assert.equal(decoded !== null, isCanonical, text);
    }),
    { numRuns: 5000 },
  );
});
