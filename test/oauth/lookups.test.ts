// What requests that come together ask the database for together: each gets its own answer, and nothing is new twice.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type ClientId, newId } from '../../src/lib/ids.ts';
import { sha256, sha256Base64url } from '../../src/oauth/digest.ts';
import { findCodes, findRefreshTokens } from '../../src/oauth/grant-store.ts';
import { openLookups } from '../../src/oauth/lookups.ts';
import type { UsedOnce } from '../../src/oauth/used-once-store.ts';
import { testHousehold } from '../support/household.ts';
import { hashOf, multiply, nameOf, rowsWalked } from '../support/many-rows.ts';
import { oauthBroker } from '../support/oauth-broker.ts';
import { grantedCode, requestToken } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
after(() => broker.close());
const home = await testHousehold(broker.parts);
const [party, other] = [await broker.thirdParty(), await broker.thirdParty({ name: 'Second Energy Ltd' })];
const lookups = openLookups(broker.databases.app);
/** As another process has them: what it asks is no part of our statements. */
const elsewhere = openLookups(broker.databases.app);

const inAMinuteS = Math.floor(Date.now() / 1000) + 60;
const useOf = (assertion: string, proof: string | null): UsedOnce => ({
  assertion: {
    clientId: party.thirdParty.clientId as ClientId,
    jtiHash: sha256Base64url(assertion),
    rememberUntilS: inAMinuteS,
  },
  proof:
    proof === null
      ? null
      : { jkt: sha256Base64url('a key'), jtiHash: sha256Base64url(proof), rememberUntilS: inAMinuteS },
});

test('of the same assertion and proof in one statement only the first is new', async () => {
  const answers = await Promise.all([
    lookups.use(useOf('a', 'p')),
    lookups.use(useOf('a', 'q')),
    lookups.use(useOf('b', 'p')),
    lookups.use(useOf('c', null)),
  ]);
  assert.deepEqual(answers, [
    { hasRoom: true, assertionIsNew: true, proofIsNew: true },
    { hasRoom: true, assertionIsNew: false, proofIsNew: true },
    { hasRoom: true, assertionIsNew: true, proofIsNew: false },
    { hasRoom: true, assertionIsNew: true, proofIsNew: false },
  ]);
  assert.deepEqual(await lookups.use(useOf('c', 'q')), {
    hasRoom: true,
    assertionIsNew: false,
    proofIsNew: false,
  });
});

test('two processes with the same ones in opposite order wait for each other and not in a ring', async () => {
  for (let round = 0; round < 20; round++) {
    const names = Array.from({ length: 60 }, (_, i) => `ring ${round} ${i}`);
    const [here, there] = await Promise.all([
      Promise.all(names.map((name) => lookups.use(useOf(name, name)))),
      Promise.all(names.toReversed().map((name) => elsewhere.use(useOf(name, name)))),
    ]);
    for (const [i, answer] of here.entries()) {
      const twin = there.at(-1 - i);
      assert.notEqual(answer.assertionIsNew, twin?.assertionIsNew);
      assert.notEqual(answer.proofIsNew, twin?.proofIsNew);
    }
  }
});

test('third parties that are asked for together are told apart, and a stranger is none', async () => {
  const ids = [
    party.thirdParty.clientId,
    newId('client'),
    other.thirdParty.clientId,
    party.thirdParty.clientId,
  ];
  const found = await Promise.all(ids.map((id) => lookups.thirdParty(id)));
  assert.deepEqual(
    found.map((thirdParty) => thirdParty?.clientId ?? null),
    [ids[0], null, ids[2], ids[0]],
  );
});

test('codes and refresh tokens that are asked for together each get their own grant', async () => {
  const first = await grantedCode(broker, party, home);
  const second = await grantedCode(broker, other, home);
  const [a, none, b] = await Promise.all(
    [first.code, 'no code', second.code].map((code) => lookups.code(sha256(code))),
  );
  assert.equal(a?.grant.clientId, party.thirdParty.clientId);
  assert.equal(none, null);
  assert.equal(b?.grant.clientId, other.thirdParty.clientId);
  const redeemed = await requestToken(broker, party, await party.codeForm(first.code, first.pkce));
  const [unknown, refresh] = await Promise.all([
    lookups.refreshToken(sha256('none')),
    lookups.refreshToken(sha256(redeemed.body.refresh_token)),
  ]);
  assert.equal(unknown, null);
  assert.equal(refresh?.grant.grantId, redeemed.body.grant_id);
  assert.equal((await lookups.code(sha256(first.code)))?.isSpent, true);
});

test('a plan from when there were few codes and tokens finds them one by one when there are thousands', async () => {
  const code = await grantedCode(broker, party, home);
  const redeemed = await requestToken(broker, party, await party.codeForm(code.code, code.pkce));
  const codeHash = sha256(code.code);
  const tokenHash = sha256(redeemed.body.refresh_token);
  const walked = await broker.databases.owner.connection().execute(async (db) => {
    await sql`analyze oauth.grant, oauth.authorization_code, oauth.refresh_token, consent.consent, consent.terms`.execute(
      db,
    );
    // As often as it takes until the server keeps one plan for all.
    for (let i = 0; i < 15; i++) {
      assert.notEqual((await findCodes(db, [codeHash]))[0], null);
      assert.notEqual((await findRefreshTokens(db, [tokenHash]))[0], null);
    }
    const grant = `'grant_id', ${nameOf('grant')}`;
    await multiply(db as never, 'oauth.grant', grant, 3000);
    await multiply(db as never, 'oauth.authorization_code', `${grant}, 'code_hash', ${hashOf}`, 3000);
    await multiply(db as never, 'oauth.refresh_token', `${grant}, 'token_hash', ${hashOf}`, 3000);
    const hashes = Array.from({ length: 100 }, (_, i) => sha256(String(i + 1)));
    return db.transaction().execute(async (tx) => {
      for (const find of [findCodes, findRefreshTokens])
        assert.ok((await find(tx, hashes)).every((found) => found !== null));
      return rowsWalked(tx as never);
    });
  });
  assert.ok(walked < 3000, `${walked} rows were read to find 200`);
});
