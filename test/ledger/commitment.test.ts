// Commitments and tags against node's own HKDF and HMAC, and against whoever guesses without the key.
import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { commitment, openSubject } from '../../src/ledger/commitment.ts';
import { base64, hex, ours, vectors } from './vectors.ts';

interface CommitmentVectors {
  readonly subjectKey: string;
  readonly request: string;
  readonly tags: string[];
  readonly salts: Record<string, string>;
  readonly commits: { readonly field: string; readonly value: never; readonly commitment: string }[];
  readonly encryptionKey: string;
}
const given = vectors<CommitmentVectors>('commitments');
const subjectKey = Buffer.from(given.subjectKey, 'hex');
const subject = openSubject(subjectKey, ours.origin);

const hkdf = (key: Uint8Array, salt: string, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, 32));

test('salts, commitments and the key of the payload row are those of docs/ledger-export.md, by node’s own HKDF', () => {
  const recordKey = hkdf(subjectKey, ours.origin, `record/v1${given.request}`);
  const record = subject.record(given.request);
  for (const field of ['readings', 'proof', 'meter_point']) {
    const salt = hkdf(recordKey, '', `salt/v1/${field}`);
    assert.equal(hex(record.salt(field)), hex(salt));
    const expected = createHash('sha256')
      .update(`stabledoor/commit/v1\n${field}\n`)
      .update(salt)
      .update('{"a":[1,2],"b":"é"}')
      .digest('base64');
    assert.equal(record.commit(field, { b: 'é', a: [1, 2] }), expected);
    assert.equal(commitment(field, salt, { b: 'é', a: [1, 2] }), expected);
  }
  assert.equal(hex(record.encryptionKey()), hex(hkdf(recordKey, '', 'enc/v1')));
});

test('a tag is an HMAC of its place in the household’s chain', () => {
  const chainKey = hkdf(subjectKey, '', 'chain/v1');
  for (const sequence of [0, 1, 9, 10, 2 ** 40]) {
    const expected = createHmac('sha256', chainKey).update(String(sequence)).digest('base64');
    assert.equal(subject.tag(sequence), expected);
  }
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => subject.tag(wrong), RangeError);
});

test('our commitment vectors hold', () => {
  const record = subject.record(given.request);
  assert.deepEqual(
    given.tags.map((_, sequence) => subject.tag(sequence)),
    given.tags,
  );
  for (const [field, salt] of Object.entries(given.salts)) assert.equal(hex(record.salt(field)), salt);
  for (const { field, value, commitment: expected } of given.commits)
    assert.equal(record.commit(field, value), expected);
  assert.equal(hex(record.encryptionKey()), given.encryptionKey);
});

test('an origin longer than a block of the hash is taken as HMAC says', () => {
  const origin = `broker.example/${'x'.repeat(90)}`;
  const recordKey = hkdf(subjectKey, origin, 'record/v1r');
  assert.equal(
    hex(openSubject(subjectKey, origin).record('r').salt('f')),
    hex(hkdf(recordKey, '', 'salt/v1/f')),
  );
});

test('one value commits differently in another field, request, household and log', () => {
  const other = openSubject(Buffer.alloc(32, 9), ours.origin);
  const commits = [
    subject.record('r1').commit('readings', 5),
    subject.record('r1').commit('proof', 5),
    subject.record('r2').commit('readings', 5),
    other.record('r1').commit('readings', 5),
    openSubject(subjectKey, 'other.example/log').record('r1').commit('readings', 5),
  ];
  assert.equal(new Set(commits).size, commits.length);
});

test('nobody without the key finds a day’s value by trying all of them', () => {
  const commit = subject.record(given.request).commit('readings', [8312]);
  for (let value = 0; value <= 20_000; value++) {
    const text = `[${value}]`;
    for (const guess of [text, `stabledoor/commit/v1\nreadings\n${text}`])
      assert.notEqual(base64(createHash('sha256').update(guess).digest()), commit);
  }
});

test('a key of a wrong length and a field name that could blur the line are refused', () => {
  assert.throws(() => openSubject(Buffer.alloc(31), ours.origin), TypeError);
  assert.throws(() => subject.record('r').commit('a\nb', 1), TypeError);
  assert.throws(() => subject.record('r').commit('', 1), TypeError);
  assert.throws(() => subject.record('r').commit('a', 0.5), TypeError);
});
