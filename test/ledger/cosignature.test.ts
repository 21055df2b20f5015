// Cosignatures of witnesses to the published bytes, made and checked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  COSIGNATURE_BYTES,
  cosignatureMessage,
  cosignaturePayload,
  splitCosignature,
} from '../../src/ledger/cosignature.ts';
import { nodeCrypto, sha256, verifyEd25519 } from '../../src/ledger/node-crypto.ts';
import { formatNote, openNote, splitNote } from '../../src/ledger/note.ts';
import { cosigner, formatSignerKey, parseCosignerKey } from '../../src/ledger/note-signer.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { ours } from './vectors.ts';

const seed = new Uint8Array(32).fill(2);
const witness = cosigner('witness.example/w1', seed);

test('the key of our witness has the published text, also when read from a file', () => {
  assert.equal(witness.key.text, ours.witnessKey);
  assert.equal(parseCosignerKey(formatSignerKey('witness.example/w1', seed)).key.text, ours.witnessKey);
});

test('our checkpoints of size 0 and 5 are cosigned to the published bytes', () => {
  for (const note of [ours.checkpoint0, ours.checkpoint5]) {
    const { text, signatures } = splitNote(note);
    const [log] = signatures as [(typeof signatures)[0]];
    assert.equal(formatNote(text, [log, witness.cosign(text, ours.cosignTimeSeconds)]), note);
  }
});

test('a cosignature says when it was made, and the signature covers that time', () => {
  const { text, signatures } = splitNote(ours.checkpoint5);
  const payload = signatures[1]?.payload as Uint8Array;
  assert.equal(payload.length, COSIGNATURE_BYTES);
  const { timeSeconds, signature } = splitCosignature(payload) as NonNullable<
    ReturnType<typeof splitCosignature>
  >;
  assert.equal(timeSeconds, ours.cosignTimeSeconds);
  const key = witness.key.publicKey;
  assert.equal(verifyEd25519(key, cosignatureMessage(timeSeconds, text), signature), true);
  assert.equal(verifyEd25519(key, cosignatureMessage(timeSeconds + 1, text), signature), false);
});

test('a cosignature of another length, or with a time beyond our integers, is none', async () => {
  const signature = new Uint8Array(64);
  assert.equal(splitCosignature(new Uint8Array(71)), null);
  assert.equal(splitCosignature(new Uint8Array(73)), null);
  const late = cosignaturePayload(0, signature);
  late.fill(0xff, 0, 8);
  assert.equal(splitCosignature(late), null);
  const { text } = splitNote(ours.checkpoint5);
  const note = formatNote(text, [{ name: witness.key.name, id: witness.key.id, payload: late }]);
  await assert.rejects(openNote(note, [parseVerifierKey(ours.witnessKey, sha256)], nodeCrypto), /not valid/);
  assert.throws(() => cosignaturePayload(-1, signature), RangeError);
  assert.throws(() => cosignaturePayload(0.5, signature), RangeError);
  assert.throws(() => cosignaturePayload(0, new Uint8Array(63)), RangeError);
});
