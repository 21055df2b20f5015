// Checkpoints: ours to the byte, and none accepted on a witness's word or with a line that could be read in two ways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyRoot, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { formatSignature, splitNote } from '../../src/ledger/note.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { NoteError, parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { fromBase64, ourLeaves, ours } from './vectors.ts';

const signer = noteSigner(ours.origin, new Uint8Array(32).fill(1));
const logKey = parseVerifierKey(ours.logKey, sha256);
const witnessKey = parseVerifierKey(ours.witnessKey, sha256);
const trust = { origin: ours.origin, logKeys: [logKey], witnessKeys: [witnessKey] };
const logLineOnly = (note: string): string => note.slice(0, note.indexOf('\u2014 witness'));
const witnessLineOnly = (note: string): string =>
  `${splitNote(note).text}\n${note.slice(note.indexOf('\u2014 witness'))}`;

test('the key of our log has the published text', () => {
  assert.equal(signer.key.text, ours.logKey);
});

test('our checkpoints of size 0, 5 and 70,000 are signed to the published bytes', () => {
  const empty = formatCheckpoint({ origin: ours.origin, size: 0, root: emptyRoot(sha256) });
  assert.equal(signer.signNote(empty), logLineOnly(ours.checkpoint0));
  const five = formatCheckpoint({ origin: ours.origin, size: 5, root: rootOfLeaves(ourLeaves(5), sha256) });
  assert.equal(signer.signNote(five), logLineOnly(ours.checkpoint5));
  const root = fromBase64(ours.roots['70000'] as string);
  const large = formatCheckpoint({ origin: ours.origin, size: 70_000, root });
  assert.equal(formatSignature(signer.sign(large)), ours.signature70000);
});

test('our checkpoints open with log and witness known, and say when the witness signed', async () => {
  for (const [note, size] of [
    [ours.checkpoint0, 0],
    [ours.checkpoint5, 5],
  ] as const) {
    const checkpoint = await openCheckpoint(note, trust, nodeCrypto);
    assert.equal(checkpoint.size, size);
    assert.deepEqual(
      checkpoint.signatures.map(({ key, timeSeconds }) => [key.text, timeSeconds]),
      [
        [ours.logKey, null],
        [ours.witnessKey, ours.cosignTimeSeconds],
      ],
    );
  }
});

test('a cosignature whose time was changed refuses the checkpoint', async () => {
  const bent = ours.checkpoint5.replace('3xwKNQAAAABlU/EA', '3xwKNQAAAABlU/EB');
  await assert.rejects(openCheckpoint(bent, trust, nodeCrypto), NoteError);
});

test('a checkpoint that only a witness signed is refused', async () => {
  await assert.rejects(
    openCheckpoint(witnessLineOnly(ours.checkpoint5), trust, nodeCrypto),
    /the log itself did not sign/,
  );
  // The id of the log's key bent: its line becomes a stranger's, the witness's still holds.
  const bent = ours.checkpoint5.replace('/kW5mJA4', '/kW5mZA4');
  await assert.rejects(openCheckpoint(bent, trust, nodeCrypto), /the log itself did not sign/);
});

test('a checkpoint of another origin is refused though the key signed it', async () => {
  const text = formatCheckpoint({ origin: 'other.example/log', size: 0, root: emptyRoot(sha256) });
  await assert.rejects(openCheckpoint(signer.signNote(text), trust, nodeCrypto), /not of broker/);
});

test('a checkpoint text with anything but three exact lines is refused', () => {
  const { text } = splitNote(ours.checkpoint5);
  assert.equal(parseCheckpoint(text).size, 5);
  const [origin, size, root] = text.split('\n') as [string, string, string];
  const cases = [
    text.slice(0, -1),
    `${text}extension\n`,
    `${text}\n`,
    `\n${size}\n${root}\n`,
    `a b\n${size}\n${root}\n`,
    `${origin}\n${size}\n${root.slice(0, -1)}\n`,
    `${origin}\n${size}\n${root.replace('ZUCw=', 'ZUCx=')}\n`,
    `${origin}\n${size}\nAAAA\n`,
    ...[
      '+5',
      '05',
      '0x5',
      ' 5',
      '5 ',
      '',
      '-5',
      '5.0',
      '5e0',
      '9007199254740992',
      '99999999999999999999',
    ].map((bent) => `${origin}\n${bent}\n${root}\n`),
  ];
  for (const bent of cases) assert.throws(() => parseCheckpoint(bent), NoteError, JSON.stringify(bent));
});

test('a checkpoint with an origin, size or root that cannot be is not written', () => {
  const root = emptyRoot(sha256);
  assert.throws(() => formatCheckpoint({ origin: 'a b', size: 0, root }), NoteError);
  assert.throws(() => formatCheckpoint({ origin: 'a', size: -1, root }), NoteError);
  assert.throws(() => formatCheckpoint({ origin: 'a', size: 0, root: root.slice(1) }), NoteError);
});
