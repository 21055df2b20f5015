// What is spent goes, what must be remembered stays, and at the bound nothing new is taken.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import request from 'supertest';
import { stopConsent } from '../../src/consent/consents.ts';
import { sweepSpent } from '../../src/oauth/housekeeping.ts';
import { type BareToken, bareParty, bareToken, occupierOf, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, testHome } from '../support/journey.ts';

const databases = await testDatabases();
const { app, owner } = databases;
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
});
after(async () => {
  await broker.close();
  await databases.close();
});

const rowsOf = async (table: string): Promise<number> =>
  (await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(owner)).rows[0]?.n ?? -1;
const fill = (table: string, columns: string, count: number, expires: string) =>
  sql`insert into ${sql.table(table)} (${sql.raw(columns)}, jti_hash, expires_at)
    select 'x', ${expires} || i, ledger.now() + ${expires}::interval + i * interval '1 ms'
      from generate_series(1, ${count}) i`.execute(owner);

test('what is over goes in batches, whatever the table, and what is not stays', async () => {
  await fill('oauth.used_assertion', 'client_id', 5000, '-10 min');
  await fill('oauth.used_proof', 'jkt', 5000, '-10 min');
  await fill('oauth.read_proof', 'jkt', 5000, '-10 min');
  await fill('oauth.read_proof', 'jkt', 50, '-1 min');
  await fill('oauth.used_proof', 'jkt', 50, '1 min');
  await sweepSpent({ db: app });
  assert.equal(await rowsOf('oauth.used_assertion'), 0);
  assert.equal(await rowsOf('oauth.used_proof'), 50);
  // Over, but not by much: a clock that is set back must find them.
  assert.equal(await rowsOf('oauth.read_proof'), 50);
});

test('the live jtis are counted', async () => {
  const { rows } = await sql<{
    live: number;
    is_full: boolean;
  }>`select live, is_full from oauth.jti_room`.execute(app);
  assert.deepEqual(rows, [{ live: 50, is_full: false }]);
});

test('no lookup and no deletion reads a whole table', async () => {
  await fill('oauth.read_proof', 'jkt', 20_000, '10 min');
  await sql`analyze oauth.read_proof`.execute(owner);
  for (const query of [
    sql`explain select from oauth.read_proof where jkt = 'x' and jti_hash = 'y'`,
    sql`explain select ctid from oauth.read_proof where expires_at < ledger.now() - interval '5 min'
      order by expires_at limit 2000`,
    sql`explain select from oauth.used_assertion where client_id = 'x' and jti_hash = 'y'`,
  ]) {
    const { rows } = await query.execute(owner);
    assert.doesNotMatch(JSON.stringify(rows), /Seq Scan on (read_proof|used_assertion)/);
  }
});

test('refresh tokens go a day after their consent is over, and not before', async () => {
  const home = await testHome(broker, 1);
  const party = await bareParty(broker);
  const stop = async ({ consentId }: BareToken) =>
    stopConsent(broker.parts, { consentId, occupierId: (await occupierOf(broker, consentId)) as never });
  await stop(await bareToken(broker, party, home));
  await bareToken(broker, party, home);
  assert.equal(await rowsOf('oauth.refresh_token'), 2);
  // A walk ends at the end of the table, and the next one begins at its beginning.
  for (let i = 0; i < 3; i++) await sweepSpent({ db: app });
  assert.equal(await rowsOf('oauth.refresh_token'), 2);
  await sql`update consent.consent set changed_at = changed_at - interval '2 days'`.execute(owner);
  for (let i = 0; i < 3; i++) await sweepSpent({ db: app }, 1);
  assert.equal(await rowsOf('oauth.refresh_token'), 1);
});

test('at the bound nothing is issued and nothing read, nothing is forgotten, and stopping still works', async () => {
  const home = await testHome(broker, 1);
  const party = await bareParty(broker);
  const given = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  const read = async () => (await readyRead(broker, party, given, query))();
  assert.equal((await read()).status, 200);
  await sql`update oauth.jti_room set most = 100`.execute(owner);
  await sweepSpent({ db: app });
  const [entries, proofs] = [(await allEntries(app)).length, await rowsOf('oauth.read_proof')];
  const refused = await read();
  assert.deepEqual([refused.status, (await refused.json()).code], [503, 'too_many_proofs']);
  assert.ok(refused.headers.get('retry-after'));
  const path = `${broker.issuer}/v1/meter-points`;
  const { createHash } = await import('node:crypto');
  const ath = createHash('sha256').update(given.token).digest('base64url');
  const listed = await fetch(path, {
    headers: { authorization: `DPoP ${given.token}`, DPoP: await party.rp.proof('GET', path, { ath }) },
  });
  assert.deepEqual([listed.status, (await listed.json()).code], [503, 'too_many_proofs']);
  const form = await party.rp.refreshForm(given.refreshToken);
  const token = await request(broker.issuer)
    .post('/oauth/token')
    .type('form')
    .set('DPoP', await party.rp.proof('POST', `${broker.issuer}/oauth/token`))
    .send(form);
  assert.deepEqual([token.status, token.body.error], [503, 'temporarily_unavailable']);
  assert.equal((await allEntries(app)).length, entries);
  assert.equal(await rowsOf('oauth.read_proof'), proofs);
  const { consentId } = given;
  await stopConsent(broker.parts, { consentId, occupierId: (await occupierOf(broker, consentId)) as never });
  await sql`update oauth.jti_room set most = 1000000`.execute(owner);
  await sweepSpent({ db: app });
  const { rows } = await sql<{ is_full: boolean }>`select is_full from oauth.jti_room`.execute(app);
  assert.deepEqual(rows, [{ is_full: false }]);
});
