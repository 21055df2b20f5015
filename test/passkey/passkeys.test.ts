// Passkeys against whoever would use another's, use an answer twice, or answer for another page.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { challengeOf } from '../../src/passkey/passkey-check.ts';
import {
  browserSubject,
  challengeLifetimeSeconds,
  deletePasskey,
  listPasskeys,
  offerAssertion,
  offerRegistration,
  type PasskeyOwner,
  registerPasskey,
  takeAssertion,
} from '../../src/passkey/passkeys.ts';
import { relyingPartyOf } from '../../src/passkey/relying-party.ts';
import { type SoftAuthenticator, softAuthenticator, type Wrong } from '../support/authenticator.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const origin = 'https://broker.example';
const party = relyingPartyOf(origin);
if (party === null) throw new Error('no relying party');
const parts = { db: databases.app, party };
const newOwner = () => newId('occupier') as string as PasskeyOwner;

async function register(
  owner: PasskeyOwner,
  authenticator: SoftAuthenticator,
  wrong: Wrong = {},
): Promise<Buffer | null> {
  const options = await offerRegistration(parts, { owner, name: 'home@example.org' });
  return registerPasskey(parts, { owner, label: 'Phone', answer: authenticator.create(options, wrong) });
}
async function registered(options: Parameters<typeof softAuthenticator>[1] = {}) {
  const [owner, authenticator] = [newOwner(), softAuthenticator(origin, options)];
  assert.notEqual(await register(owner, authenticator), null);
  return { owner, authenticator };
}
const browser = {
  use: 'occupier-sign-in',
  subject: browserSubject('cookie'),
  ownerKind: 'occupier' as const,
};

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const)
  test(`a passkey with ${algorithm} signs its owner in, as often as it is used`, async () => {
    const { owner, authenticator } = await registered({ algorithm });
    for (const _ of [1, 2]) {
      const answer = authenticator.get(await offerAssertion(parts, browser));
      assert.equal((await takeAssertion(parts, { ...browser, answer }))?.passkey.owner, owner);
    }
    const [own] = await listPasskeys(parts.db, owner);
    assert.equal(own?.counter, 3);
    assert.notEqual(own?.usedAt, null);
  });

test('an authenticator that does not count works as well', async () => {
  const { owner, authenticator } = await registered({ counts: false });
  for (const _ of [1, 2]) {
    const answer = authenticator.get(await offerAssertion(parts, browser));
    assert.equal((await takeAssertion(parts, { ...browser, answer }))?.passkey.owner, owner);
  }
});

test('an answer works once, however many bring it at the same moment', async () => {
  const { authenticator } = await registered({ counts: false });
  const answer = authenticator.get(await offerAssertion(parts, browser));
  const taken = await Promise.all(
    Array.from({ length: 8 }, () => takeAssertion(parts, { ...browser, answer })),
  );
  assert.equal(taken.filter((each) => each !== null).length, 1);
});

test('an answer that does not hold is refused, whatever is wrong with it, and its challenge is gone', async () => {
  const { authenticator } = await registered();
  const wrongs: Record<string, Wrong> = {
    'another origin': { origin: 'https://broker.example.evil.example' },
    'another port': { origin: 'https://broker.example:8443' },
    'another relying party': { rpId: 'evil.example' },
    'nobody verified': { flags: 0x01 },
    'nobody there': { flags: 0x04 },
    'a registration': { type: 'webauthn.create' },
    'another key': { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey },
    'a counter that goes back': { counter: 1 },
    'another user': { userHandle: Buffer.alloc(32).toString('base64url') },
  };
  for (const [what, wrong] of Object.entries(wrongs)) {
    const offer = await offerAssertion(parts, browser);
    assert.equal(
      await takeAssertion(parts, { ...browser, answer: authenticator.get(offer, wrong) }),
      null,
      what,
    );
    const again = authenticator.get(offer);
    assert.equal(await takeAssertion(parts, { ...browser, answer: again }), null, `${what}, again`);
  }
});

test('a challenge that was not ours, is another use’s, another browser’s, or too old is answered in vain', async () => {
  const { owner, authenticator } = await registered();
  const offer = () => offerAssertion(parts, browser);
  const made = authenticator.get(await offer(), { challenge: Buffer.alloc(32, 7).toString('base64url') });
  assert.equal(await takeAssertion(parts, { ...browser, answer: made }), null);
  const forConsent = authenticator.get(await offer());
  assert.equal(await takeAssertion(parts, { ...browser, use: 'consent', answer: forConsent }), null);
  const elsewhere = authenticator.get(await offer());
  assert.equal(
    await takeAssertion(parts, { ...browser, subject: browserSubject('other'), answer: elsewhere }),
    null,
  );
  const registration = await offerRegistration(parts, { owner, name: 'x' });
  const crossed = authenticator.get({ challenge: registration.challenge });
  assert.equal(await takeAssertion(parts, { ...browser, answer: crossed }), null);
  const late = authenticator.get(await offer());
  await sql`update passkey.challenge set expires_at = expires_at - ${challengeLifetimeSeconds} * interval '1 second'`.execute(
    databases.owner,
  );
  assert.equal(await takeAssertion(parts, { ...browser, answer: late }), null);
});

test('a passkey answers for its owner alone', async () => {
  const [mine, theirs] = [await registered(), await registered()];
  const signing = { use: 'consent', subject: mine.owner, owner: mine.owner };
  const offer = await offerAssertion(parts, signing);
  assert.deepEqual(
    offer.allowCredentials?.map(({ id }) => id),
    [mine.authenticator.credentialId],
  );
  const answer = theirs.authenticator.get(offer);
  assert.equal(await takeAssertion(parts, { ...signing, ownerKind: 'occupier', answer }), null);
  const operator = { ...browser, ownerKind: 'operator' as const };
  const asOperator = mine.authenticator.get(await offerAssertion(parts, operator));
  assert.equal(await takeAssertion(parts, { ...operator, answer: asOperator }), null);
  const unknown = softAuthenticator(origin).get(await offerAssertion(parts, browser));
  assert.equal(await takeAssertion(parts, { ...browser, answer: unknown }), null);
});

test('the answer must be to the very challenge that was asked for', async () => {
  const { owner, authenticator } = await registered();
  const signing = { use: 'consent', subject: owner, owner };
  const [agreed, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const first = authenticator.get(await offerAssertion(parts, { ...signing, challenge: agreed }));
  const taken = { ...signing, ownerKind: 'occupier' as const };
  assert.equal(await takeAssertion(parts, { ...taken, challenge: other, answer: first }), null);
  assert.notEqual(await takeAssertion(parts, { ...taken, challenge: agreed, answer: first }), null);
});

test('a new passkey is kept only for whom it was offered, once, and with nothing to look up elsewhere', async () => {
  const [owner, other] = [newOwner(), newOwner()];
  const authenticator = softAuthenticator(origin);
  const options = await offerRegistration(parts, { owner, name: 'home@example.org' });
  const answer = authenticator.create(options);
  assert.equal(await registerPasskey(parts, { owner: other, label: 'Phone', answer }), null);
  assert.notEqual(await registerPasskey(parts, { owner, label: 'Phone', answer }), null);
  assert.equal(await registerPasskey(parts, { owner, label: 'Phone', answer }), null);
  // The same key for somebody else: an id belongs to whoever had it first.
  assert.equal(await register(other, authenticator), null);
  for (const [what, wrong] of Object.entries<Wrong>({
    'another origin': { origin: 'https://evil.example' },
    'nobody verified': { flags: 0x01 },
    'an assertion': { type: 'webauthn.get' },
    'a chain of certificates': {
      attestation: { fmt: 'packed', attStmt: new Map<string, unknown>([['x5c', [new Uint8Array(8)]]]) },
    },
    'a format that has certificates': { attestation: { fmt: 'fido-u2f', attStmt: new Map() } },
  }))
    assert.equal(await register(other, softAuthenticator(origin), wrong), null, what);
  assert.deepEqual(await listPasskeys(parts.db, other), []);
});

test('whoever has the tables cannot answer for anybody: a challenge stands there as its hash', async () => {
  const options = await offerAssertion(parts, browser);
  const { rows } = await sql<{ found: boolean }>`select exists (select from passkey.challenge
    where challenge_hash = ${Buffer.from(options.challenge, 'base64url')}) as found`.execute(databases.owner);
  assert.equal(rows[0]?.found, false);
});

test('a passkey that was removed signs nobody in, and nobody removes another’s', async () => {
  const [{ owner, authenticator }, other] = [await registered(), await registered()];
  const [own] = await listPasskeys(parts.db, owner);
  assert.ok(own);
  assert.equal(await deletePasskey(parts.db, other.owner, own.credentialId), false);
  assert.equal(await deletePasskey(parts.db, owner, own.credentialId), true);
  const answer = authenticator.get(await offerAssertion(parts, browser));
  assert.equal(await takeAssertion(parts, { ...browser, answer }), null);
});

test('nonsense is no answer', async () => {
  for (const answer of [
    '',
    '{}',
    'null',
    '[]',
    'x'.repeat(70_000),
    '{"id":"a","rawId":"a","type":"public-key"}',
  ]) {
    assert.equal(await takeAssertion(parts, { ...browser, answer }), null);
    assert.equal(await registerPasskey(parts, { owner: newOwner(), label: 'Phone', answer }), null);
  }
  assert.equal(challengeOf({ response: { clientDataJSON: 'bm9uc2Vuc2U' } }), null);
});

test('passkeys are bound to the host of the issuer, and there are none where browsers make none', () => {
  assert.deepEqual(relyingPartyOf('https://broker.example/energy'), {
    ...{ id: 'broker.example', origin: 'https://broker.example', name: 'Stabledoor' },
  });
  assert.equal(relyingPartyOf('http://localhost:8080')?.id, 'localhost');
  for (const issuer of [
    'http://127.0.0.1:8080',
    'https://192.0.2.1',
    'https://[2001:db8::1]',
    'http://a.example',
  ])
    assert.equal(relyingPartyOf(issuer), null, issuer);
});
