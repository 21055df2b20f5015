// Consents signed with a passkey: what an opened signature proves, and what passes for one and is none. Both verifiers agree.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  type ConsentToSign,
  consentChallenge,
  newSalts,
  signatureEvidence,
} from '../../src/consent/sign-consent.ts';
import { commitment } from '../../src/ledger/commitment.ts';
import { type ExportLine, readExport } from '../../src/ledger/export-format.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { localDate } from '../../src/lib/local-date.ts';
import {
  assertionResponse,
  checkRegistration,
  parseAnswer,
  registrationResponse,
} from '../../src/passkey/passkey-check.ts';
import { relyingPartyOf } from '../../src/passkey/relying-party.ts';
import { softAuthenticator, type Wrong } from '../support/authenticator.ts';
import { verifyInPython, whyNoPython } from '../support/python-verifier.ts';
import { fileOf } from './export-vectors.ts';
import { drafts, entriesOf, exportOf, honest, type Step } from './small-log.ts';
import { ours } from './vectors.ts';

const origin = 'https://broker.example';
const given = drafts['consent.given'];
const toSign: ConsentToSign = {
  origin: ours.origin,
  thirdParty: given.third_party,
  terms: {
    purpose: given.purpose as never,
    fuels: ['electricity'],
    registers: given.registers as never,
    resolution: given.resolution as never,
    from: localDate(given.window.from),
    until: localDate(given.window.until),
    once: false,
    note: null,
  },
  wordingDigest: Buffer.alloc(32, 9).toString('base64'),
  mpans: ['1012345678901'],
};

/** What a giver signs, as the entry commits to it. */
async function signed(
  about: ConsentToSign = toSign,
  { algorithm = 'ES256', wrong = {} }: { algorithm?: 'ES256' | 'EdDSA' | 'RS256'; wrong?: Wrong } = {},
) {
  const authenticator = softAuthenticator(origin, { algorithm });
  const party = relyingPartyOf(origin);
  assert.ok(party);
  const challenge = Buffer.alloc(32, 1).toString('base64url');
  const user = { id: Buffer.alloc(32).toString('base64url'), name: 'a', displayName: 'a' };
  const made = parseAnswer(registrationResponse, authenticator.create({ challenge, user } as never));
  assert.ok(made);
  const passkey = await checkRegistration(party, challenge, made);
  assert.ok(passkey);
  const salts = newSalts();
  const asked = { challenge: consentChallenge(about, salts).toString('base64url') };
  const answer = parseAnswer(assertionResponse, authenticator.get(asked, wrong));
  assert.ok(answer);
  const evidence = signatureEvidence(about, { ...salts, passkey: passkey as never, answer });
  assert.ok(evidence);
  return evidence.signature;
}

const salt = Buffer.alloc(32, 5);
type Opened = Awaited<ReturnType<typeof signed>>;

/** A log whose consent.given commits to that value, with the value opened beside it. */
function logWith(value: Opened | object, changes: object = {}): ExportLine[] {
  const draft = { ...given, signed_by: 'passkey' as const };
  const steps = honest.map((step): Step => {
    if (step.draft.kind !== 'consent.given') return step;
    const body = (sealed: string) => {
      const parsed = JSON.parse(sealed);
      const commit = { ...parsed.commit, signature: commitment('signature', salt, value as never) };
      return canonicalJson({ ...parsed, ...changes, commit });
    };
    return { ...step, draft, body };
  });
  const lines = exportOf(entriesOf(steps));
  const at = lines.findIndex((line) => line.type === 'entry' && line.entry.includes('consent.given'));
  const opening: ExportLine = {
    type: 'opening',
    field: 'signature',
    salt: salt.toString('base64'),
    value: canonicalJson(value as never),
  };
  return [...lines.slice(0, at + 1), opening, ...lines.slice(at + 1)];
}

/** Held, unchecked and found by each of the two verifiers. */
async function verdictOf(lines: readonly ExportLine[]) {
  const file = fileOf(lines);
  async function* bytes() {
    yield Buffer.from(file);
  }
  const verdict = await verifyLog(readExport(bytes()), { ...nodeCrypto, keys: [ours.logKey] });
  const own = {
    signatures: { ...verdict.counts.consentSignatures },
    found: verdict.violations.map(({ kind }) => kind).filter((kind) => kind.startsWith('consent_signature')),
    unproven: verdict.unproven.find((sentence) => sentence.includes('gave the consents')),
  };
  if (whyNoPython === null) {
    const [other] = verifyInPython([{ name: 'x', file, keys: [ours.logKey] }]);
    assert.deepEqual(other?.counts.consent_signatures, own.signatures);
    assert.deepEqual(
      other?.violations.map(({ kind }) => kind),
      verdict.violations.map(({ kind }) => kind),
    );
  }
  return own;
}

for (const algorithm of ['ES256', 'EdDSA'] as const)
  test(`an opened signature with ${algorithm} is counted as the householder’s own, and the verdict says how many are`, async () => {
    const { signatures, found, unproven } = await verdictOf(logWith(await signed(toSign, { algorithm })));
    assert.deepEqual([signatures, found], [{ held: 1, unchecked: 0 }, []]);
    assert.match(unproven ?? '', /1 signatures of passkeys were opened here and hold/);
  });

test('a signature that is not opened is a claim, and the verdict says so', async () => {
  const lines = logWith(await signed()).filter(({ type }) => type !== 'opening');
  const { signatures, unproven } = await verdictOf(lines);
  assert.deepEqual(signatures, { held: 0, unchecked: 0 });
  assert.match(
    unproven ?? '',
    /1 are said to be given with a householder’s own passkey.*0 signatures.*operator’s word/,
  );
});

test('a key that cannot be checked here is counted apart, and is no fault', async () => {
  const { signatures, found } = await verdictOf(logWith(await signed(toSign, { algorithm: 'RS256' })));
  assert.deepEqual([signatures, found], [{ held: 0, unchecked: 1 }, []]);
});

test('what was signed must be this very consent: any other term, party, log or words is found', async () => {
  const value = await signed();
  for (const changes of [
    { resolution: 'P1M' },
    { purpose: 'marketing' },
    { window: { from: given.window.from, until: '2024-05-01' } },
    { registers: ['export'] },
    { once: 1 },
    { signed_by: 'code' },
  ])
    assert.deepEqual(
      (await verdictOf(logWith(value, changes))).found,
      ['consent_signature'],
      JSON.stringify(changes),
    );
  const others: Partial<ConsentToSign>[] = [
    { origin: 'elsewhere.example/ledger' },
    { thirdParty: `client_${'x'.repeat(22)}` },
    { terms: { ...toSign.terms, until: localDate('2030-01-01') } },
  ];
  for (const other of others)
    assert.deepEqual((await verdictOf(logWith(await signed({ ...toSign, ...other })))).found, [
      'consent_signature',
    ]);
  const swapped = { ...value, home: Buffer.alloc(32, 3).toString('base64') };
  assert.deepEqual((await verdictOf(logWith(swapped))).found, ['consent_signature'], 'another home');
});

test('what passes for a signature and is none is found', async () => {
  const value = await signed();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const wrong of [{ key: privateKey }, { flags: 0x01 }, { type: 'webauthn.create' }] satisfies Wrong[])
    assert.deepEqual((await verdictOf(logWith(await signed(toSign, { wrong })))).found, [
      'consent_signature',
    ]);
  const { key, ...keyless } = value;
  for (const other of [
    keyless,
    [],
    'text',
    { ...value, more: 1 },
    { ...value, key: '{}' },
    {},
    { ...value, salt: 'x' },
  ])
    assert.deepEqual((await verdictOf(logWith(other))).found, ['consent_signature'], JSON.stringify(other));
  assert.ok(key);
});

test('an answer to another consent gives no evidence, so that nothing is given with it', async () => {
  const authenticator = softAuthenticator(origin);
  const salts = newSalts();
  const challenge = consentChallenge(toSign, salts).toString('base64url');
  const answer = parseAnswer(assertionResponse, authenticator.get({ challenge }, { userHandle: 'AAAA' }));
  assert.ok(answer);
  const other = { ...toSign, mpans: ['1098765432109'] };
  assert.equal(signatureEvidence(other, { ...salts, answer, passkey: {} as never }), null);
});
