// Signatures of operators, checked from the export alone: keys in files and passkeys, on both curves. What a log may hold of
// operators otherwise is in operated-vectors.ts, which both verifiers are held to.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import { test } from 'node:test';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import { formatExportLine } from '../../src/ledger/export-format.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { operatorStatement } from '../../src/ledger/operator-statement.ts';
import { canonicalJson, type JsonValue } from '../../src/lib/canonical-json.ts';
import { verifyInPython, whyNoPython } from '../support/python-verifier.ts';
import { verifySteps } from './bent-log.ts';
import {
  added,
  ann,
  decided,
  founded,
  passkeyProof,
  proposed,
  registered,
  saidByBrowsers,
  saidOfHearth,
} from './operated-log.ts';
import { entriesOf, exportOf, verifyLines } from './small-log.ts';
import { ours } from './vectors.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
const publicKey = canonicalJson({ crv, kty, x, y } as JsonValue);
const operator = `operator_${'P'.repeat(22)}`;
const paula = { operator, publicKey, prove: (text: string) => passkeyProof(privateKey, publicKey, text) };
const withPasskey = { ...added(paula), kept_in: 'passkey' } as EntryDraft;

/** Ann proposes, and what is given approves. */
const approvedBy = (decision: EntryDraft) => {
  const steps = founded(proposed(ann, 'One', 'third-party-register', saidOfHearth), decision);
  return steps.map((step, i) => (i === 2 ? { draft: withPasskey } : step));
};
const found = async (decision: EntryDraft) =>
  (await verifySteps(approvedBy(decision))).violations.map(({ kind }) => kind);
const bent = (change: (statement: string) => object) => {
  const decision = decided(paula, 'One') as EntryDraft & { kind: 'operator.approved' };
  const { proof: _, ...body } = decision;
  return {
    ...body,
    proof: { ...decision.proof, ...change(operatorStatement(ours.origin, body)) },
  } as EntryDraft;
};

test('an approval by passkey is checked offline: key, challenge, presence and verification', async () => {
  assert.deepEqual(await found(decided(paula, 'One')), []);
  const wrong = ['operator_signature'];
  for (const flags of [0x00, 0x01, 0x04])
    assert.deepEqual(await found(bent((text) => passkeyProof(privateKey, publicKey, text, flags))), wrong);
  assert.deepEqual(await found(bent(() => passkeyProof(privateKey, publicKey, 'another statement'))), wrong);
  assert.deepEqual(await found(bent(() => ({ signature: 'AAAA' }))), wrong);
  assert.deepEqual(await found(bent(() => ({ client_data: 'e30' }))), wrong);
  const raw = (text: string) => ({
    signature: sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    ),
  });
  assert.deepEqual(await found(bent(raw)), wrong, 'a passkey signs no text');
});

const saidBy = (bend: (client: string) => string | Buffer) =>
  approvedBy(bent((text) => passkeyProof(privateKey, publicKey, text, 0x05, bend)));

test('what a browser said counts where every program reads it alike, and nowhere else', async () => {
  const cases = saidByBrowsers.map(([name, bend]) => ({
    name,
    file: exportOf(entriesOf(saidBy(bend)))
      .map(formatExportLine)
      .join(''),
    keys: [ours.logKey],
  }));
  const python = whyNoPython === null ? verifyInPython(cases) : [];
  for (const [i, [name, bend, counts]] of saidByBrowsers.entries()) {
    const kinds = (await verifySteps(saidBy(bend))).violations.map(({ kind }) => kind);
    assert.deepEqual(kinds, counts ? [] : ['operator_signature'], name);
    if (whyNoPython === null)
      assert.deepEqual(
        python[i]?.violations.map(({ kind }) => kind),
        kinds,
        name,
      );
  }
});

test('in production neither the broker nor a householder registers anyone; whoever was vouched for is counted', async () => {
  for (const [actor, kinds] of [
    ['operator', ['not_approved']],
    ['broker', ['not_approved']],
    ['householder', ['not_approved']],
    ['third-party', []],
  ] as const) {
    const verdict = await verifySteps(founded(registered(undefined, { actor })));
    assert.deepEqual(
      verdict.violations.map(({ kind }) => kind),
      kinds,
      actor,
    );
    assert.equal(/who vouched for 1 third/.test(verdict.unproven.join()), actor === 'third-party');
  }
});

test('an approval by a key file on P-256 is checked offline', async () => {
  const prove = (text: string) => ({
    key: hash('sha256', publicKey, 'base64url'),
    signature: sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    ),
  });
  const steps = (decision: EntryDraft) =>
    approvedBy(decision).map((step, i) => (i === 2 ? { draft: added(paula) } : step));
  assert.equal((await verifySteps(steps(decided({ ...paula, prove }, 'One')))).sound, true);
  const asPasskey = await verifySteps(steps(decided(paula, 'One')));
  assert.deepEqual(
    asPasskey.violations.map(({ kind }) => kind),
    ['operator_signature'],
  );
});

test('where P-256 cannot be checked, the verdict says how many signatures were not', async () => {
  const { verifyP256: _, ...less } = nodeCrypto;
  const lines = exportOf(entriesOf(approvedBy(decided(paula, 'One'))));
  const verdict = await verifyLines(lines, { ...less, verifyP256: undefined } as never);
  assert.equal(verdict.counts.operators.unchecked, 1);
  assert.ok(verdict.unproven.some((sentence) => sentence.includes('1 of their signatures')));
});
