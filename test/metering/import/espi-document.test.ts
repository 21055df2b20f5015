import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StabledoorError } from '../../../src/lib/errors.ts';
import { type EspiDocument, espiReader } from '../../../src/metering/import/espi-document.ts';
import { firstRowLine, greenButtonXml } from '../../support/green-button.ts';

const limits = { rows: 10, depth: 20 };
const read = (xml: string, chunk = xml.length): EspiDocument => {
  const reader = espiReader(limits);
  for (let at = 0; at < xml.length; at += chunk) reader.write(xml.slice(at, at + chunk));
  return reader.end();
};
const refusedWith = (code: string) => (thrown: unknown) =>
  thrown instanceof StabledoorError && thrown.code === code;

const xml = greenButtonXml({
  rows: [
    { start: 1293868800, value: 450 },
    { start: 1293872400, value: 430 },
  ],
});

test('rows come with their line, and the totals of a summary are not taken for readings', () => {
  const { rows, localTimes, usagePoints } = read(xml);
  assert.deepEqual(
    rows.map(({ line, start, duration, value }) => ({ line, start, duration, value })),
    [
      { line: firstRowLine, start: '1293868800', duration: '3600', value: '450' },
      { line: firstRowLine + 1, start: '1293872400', duration: '3600', value: '430' },
    ],
  );
  assert.equal(localTimes[0]?.tzOffset, '-28800');
  assert.deepEqual(usagePoints, ['0']);
});

test('it makes no difference where the stream is cut or which prefix is used', () => {
  const whole = read(xml);
  for (const chunk of [1, 7, 64]) assert.deepEqual(read(xml, chunk), whole);
  const renamed = xml
    .replaceAll('<espi:', '<q:')
    .replaceAll('</espi:', '</q:')
    .replace('xmlns:espi', 'xmlns:q');
  assert.deepEqual(read(renamed).rows, whole.rows);
});

test('elements of another namespace are never taken for readings', () => {
  const other = xml.replace('http://naesb.org/espi', 'http://example.org/espi');
  assert.throws(() => read(other), refusedWith('import_file_not_green_button'));
  assert.throws(() => read('<html><body/></html>'), refusedWith('import_file_not_green_button'));
});

test('a file that is cut short, wrong or empty is malformed, and the message says where', () => {
  for (const wrong of [
    xml.slice(0, -10),
    xml.slice(0, 700),
    xml.replace('</feed>', '</fed>'),
    '',
    'a,b\n1,2\n',
    '{}',
  ])
    assert.throws(() => read(wrong), refusedWith('import_file_malformed'));
  assert.throws(() => read(xml.replace('</feed>', '</fed>')), /at \d+:\d+/);
});

test('a document type or an entity is refused, before anything is expanded', () => {
  const bomb = '<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>';
  for (const prologue of [bomb, '<!DOCTYPE feed SYSTEM "file:///etc/passwd">'])
    assert.throws(() => read(greenButtonXml({ rows: [], prologue })), refusedWith('import_dtd_refused'));
  const entity = greenButtonXml({ rows: [{ start: 1, value: '&a;' }] });
  assert.throws(() => read(entity), refusedWith('import_file_malformed'));
});

test('too many readings and too deep a nesting are refused', () => {
  const rows = Array.from({ length: 11 }, (_, i) => ({ start: i, value: 1 }));
  assert.throws(() => read(greenButtonXml({ rows })), refusedWith('import_file_too_large'));
  assert.throws(() => read('<a>'.repeat(21)), refusedWith('import_file_too_large'));
});
