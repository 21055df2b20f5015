// Reading an export: whole lines, as written, and a clear word about the line that is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ExportFormatError,
  type ExportLine,
  formatExportLine,
  parseExportLine,
  readExport,
} from '../../src/ledger/export-format.ts';
import { entriesOf, exportOf, honest, POLICY } from './small-log.ts';

const lines = exportOf(entriesOf(honest));
const text = lines.map(formatExportLine).join('');
const bytes = new TextEncoder().encode(text);

async function* inChunks(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}
async function readAll(whole: Uint8Array | string, size = 1000): Promise<ExportLine[]> {
  const given = typeof whole === 'string' ? new TextEncoder().encode(whole) : whole;
  return Array.fromAsync(readExport(inChunks(given, size)));
}

test('an export reads back as it was written, however it is cut into chunks', async () => {
  for (const size of [1, 7, 1000, 1_000_000]) assert.deepEqual(await readAll(bytes, size), lines);
  assert.deepEqual(await readAll(''), []);
});

test('a letter of several bytes may be cut between two chunks', async () => {
  const line: ExportLine = { type: 'entry', entry: 'é\u2014\u{1f40e}' };
  for (let size = 1; size < 6; size++) assert.deepEqual(await readAll(formatExportLine(line), size), [line]);
});

test('a long file reads the same in chunks of any size, and a fault in it has the number of its line', async () => {
  // Lines of 1 to 140,000 bytes beside each other: longer and shorter than what is read at once.
  const long = [0, 70_000, 3, 65_536, 1, 140_000, 65_535, 20].flatMap((length, i) => [
    { type: 'policy' as const, digest: POLICY, text: 'p'.repeat(length) },
    { type: 'entry' as const, entry: `${i}é` },
  ]);
  const file = new TextEncoder().encode(long.map(formatExportLine).join(''));
  const sizes = [13, 1000, 65_535, 65_536, 65_537, 200_000, 1_000_000];
  for (const size of sizes) assert.deepEqual(await readAll(file, size), long);
  const bent = file.slice();
  bent[file.lastIndexOf(0x0a, -2) - 1] = 0x21;
  for (const size of sizes) await assert.rejects(readAll(bent, size), /line 15 is not JSON/);
});

test('a cut file is refused, with the number of the line', async () => {
  await assert.rejects(readAll(bytes.subarray(0, -1)), /line 12 is cut/);
  await assert.rejects(readAll(bytes.subarray(0, -200)), /is cut|is not JSON/);
});

test('bytes that are not UTF-8 are refused', async () => {
  const bent = Uint8Array.from(bytes);
  bent[20] = 0xff;
  await assert.rejects(readAll(bent), ExportFormatError);
  await assert.rejects(readAll(Uint8Array.of(0xc3)), ExportFormatError);
});

test('a line that a writer would not write is refused, with its number', () => {
  const [manifest] = lines.map((line) => JSON.stringify(line)) as [string];
  const bent = [
    '',
    'null',
    '[]',
    '{}',
    ' {"type":"key","key":"k"}',
    '{"type": "key","key":"k"}',
    '{"key":"k","type":"key"}',
    '{"type":"key","key":"j","key":"k"}',
    '{"type":"key","key":"\\u006b"}',
    '{"type":"key","key":"k","more":1}',
    '{"type":"key"}',
    '{"type":"keys","key":"k"}',
    '{"type":"entry","entry":5}',
    '{"type":"policy","digest":"short","text":""}',
    manifest.replace('export/v1', 'export/v2'),
    manifest.replace('"size":8', '"size":-8'),
    manifest.replace('"size":8', '"size":8.5'),
    manifest.replace('"size":8', '"size":"8"'),
    manifest.replace('"size":8', '"size":8.0'),
    manifest.replace('"from":0', '"from":8'),
    '{"type":"frontier","hashes":[]}',
    '{"type":"opening","field":"Readings","salt":"x","value":"1"}',
    `\ufeff${manifest}`,
    `${manifest}\r`,
  ];
  assert.doesNotThrow(() => parseExportLine(manifest, 1));
  for (const line of bent)
    assert.throws(
      () => parseExportLine(line, 41),
      { name: 'ExportFormatError', message: /^line 41\b/ },
      line,
    );
});

test('a line without an end is given up before it fills the memory', async () => {
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(100_000).fill(0x61);
    for (;;) yield chunk;
  };
  await assert.rejects(Array.fromAsync(readExport(endless())), /line 1 is too long/);
});
