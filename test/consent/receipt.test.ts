// The receipt: signed by a published key, in the names of ISO/IEC TS 27560, and its ledger entry proven offline.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import request from 'supertest';
import { issueReceipt, narrowConsent, stopConsent } from '../../src/consent/consents.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { parseEntryBody } from '../../src/ledger/entry-body.ts';
import { leafHash } from '../../src/ledger/merkle.ts';
import { verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { parseTlogProof } from '../../src/ledger/tlog-proof.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { receiptSigner } from '../../src/oauth/sign-receipt.ts';
import { choiceOf, errorIs, givenConsent } from '../support/consent.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { databases, ledger, clock } = broker;
const parts = { db: databases.app, ledger };
const receipts = {
  ...{ db: databases.app, clock, issuer: testIssuer },
  signReceipt: receiptSigner(broker.parts.signingKeys),
};

async function given() {
  const home = await testHousehold(parts, { gas: true });
  const clientId = (await broker.thirdParty()).thirdParty.clientId as ClientId;
  return { home, consent: await givenConsent(parts, home, { clientId }) };
}

interface Opened {
  readonly [name: string]: unknown;
  readonly 'dpv:hasRecordOfActivity': Record<string, never>;
  readonly 'stabledoor:ledger': { origin: string; entry: string; proof: string };
}

/** With what anyone has: the published key set. */
async function open(jws: string): Promise<Opened> {
  const { body } = await request(broker.app).get('/.well-known/jwks.json');
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(body as JSONWebKeySet));
  assert.deepEqual([protectedHeader.alg, protectedHeader.typ], ['ES256', 'consent-receipt+jwt']);
  return JSON.parse(new TextDecoder().decode(payload)) as Opened;
}

/** With the receipt and the ledger's verifier key alone. */
async function provenBody({ origin, entry, proof }: Opened['stabledoor:ledger']) {
  const { index, hashes, checkpoint } = parseTlogProof(proof);
  const key = await parseVerifierKey(ledger.verifierKey, sha256);
  const tree = await openCheckpoint(checkpoint, { origin, logKeys: [key] }, nodeCrypto);
  const leaf = leafHash(utf8(entry), sha256);
  assert.ok(verifyInclusion({ index, size: tree.size, leaf, proof: hashes, root: tree.root }, sha256));
  assert.equal(
    verifyInclusion(
      { index, size: tree.size, leaf: leafHash(utf8(`${entry} `), sha256), proof: hashes, root: tree.root },
      sha256,
    ),
    false,
    'another entry is not proven by it',
  );
  return parseEntryBody(parseEntry(entry).body);
}

test('a receipt is signed by a published key and says what was shared, with whom, why and in which words', async () => {
  const { home, consent } = await given();
  const receipt = await open((await issueReceipt(receipts, consent.consentId)).jws);
  assert.equal(receipt.iss, testIssuer);
  assert.equal(receipt['@type'], 'dpv:ConsentReceipt');
  assert.equal(receipt['dct:conformsTo'], 'https://w3id.org/dpv/schema/dpv-27560#receipt');
  const record = receipt['dpv:hasRecordOfActivity'] as Record<string, unknown>;
  assert.equal(record['dct:identifier'], consent.consentId);
  assert.equal(record['dpv:hasConsentStatus'], 'dpv:ConsentGiven');
  assert.equal(
    (record['dpv:hasDataController'] as Record<string, string>)['dct:identifier'],
    consent.clientId,
  );
  const notice = record['dpv:hasNotice'] as Record<string, string>;
  assert.equal(notice['stabledoor:sha256'], consent.wordingDigest);
  assert.match(notice['dct:description'] ?? '', /^Share your energy use with Brightwatt\?\n/);
  const process = record['dpv:hasProcess'] as Record<string, unknown>;
  assert.deepEqual(process['dpv:hasPurpose'], {
    'dct:identifier': 'energy-advice',
    'dct:description': 'to advise you on how you use energy.',
  });
  const [data, ...more] = process['dpv:hasPersonalData'] as Record<string, unknown>[];
  assert.deepEqual(more, [], 'only the meter that was chosen');
  assert.equal(data?.['stabledoor:address'], home.meterPoints[0]?.address);
  assert.deepEqual([data?.['stabledoor:resolution'], data?.['stabledoor:from']], ['P1D', '2025-01-01']);
});

test('its ledger entry is proven offline, by the receipt and the ledger’s key alone', async () => {
  const { consent } = await given();
  const receipt = await open((await issueReceipt(receipts, consent.consentId)).jws);
  const body = await provenBody(receipt['stabledoor:ledger']);
  assert.ok(body.kind === 'consent.given' && body.consent_ref === consent.consentId && body.version === 1);
});

test('after a narrowing the receipt is of what is left, and its proof of that entry', async () => {
  const { home, consent } = await given();
  const { consentId } = consent;
  const choice = choiceOf(home, { resolution: 'P1M' });
  await narrowConsent(parts, { consentId, occupierId: home.occupierId, choice, signedBy: 'code' });
  const receipt = await open((await issueReceipt(receipts, consentId)).jws);
  const body = await provenBody(receipt['stabledoor:ledger']);
  assert.ok(body.kind === 'consent.narrowed' && body.version === 2 && body.resolution === 'P1M');
});

test('a receipt that was changed is not ours, and there is none of a consent that is over', async () => {
  const { home, consent } = await given();
  const { jws } = await issueReceipt(receipts, consent.consentId);
  const [header, payload = '', signature] = jws.split('.');
  const bent = `${payload.slice(0, 40)}${payload[40] === 'A' ? 'B' : 'A'}${payload.slice(41)}`;
  await assert.rejects(open([header, bent, signature].join('.')), /signature/);
  await stopConsent(parts, { consentId: consent.consentId, occupierId: home.occupierId });
  await assert.rejects(issueReceipt(receipts, consent.consentId), errorIs('illegal_transition'));
});
