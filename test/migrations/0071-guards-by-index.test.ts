// The guards of tokens and reads look at no more rows when there are thousands of grants, codes, consents and third parties,
// and let through what stands and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { testHousehold } from '../support/household.ts';
import { hashOf, multiply, nameOf, rowsWalked } from '../support/many-rows.ts';
import { oauthBroker } from '../support/oauth-broker.ts';
import { grantedCode, requestToken } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
const owner = broker.databases.owner as unknown as Kysely<never>;
after(() => broker.close());

let grantId: string;
before(async () => {
  const party = await broker.thirdParty();
  const { code, pkce } = await grantedCode(broker, party, await testHousehold(broker.parts));
  const redeemed = await requestToken(broker, party, await party.codeForm(code, pkce));
  grantId = redeemed.body.grant_id;
  await sql`insert into oauth.revoked_token (token_id, expires_at) values ('first', now())`.execute(owner);
  await lawfulRows();
  const consent = `'consent_id', ${nameOf('consent')}`;
  const changes = {
    'registry.third_party': `'client_id', ${nameOf('client')}`,
    'consent.consent': `${consent}, 'state', 'stopped', 'request_ref', n::text`,
    'consent.meter_ref': `${consent}, 'meter_ref', ${nameOf('mp')}`,
    'oauth.grant': `${consent}, 'grant_id', ${nameOf('grant')}`,
    'oauth.authorization_code': `'code_hash', ${hashOf}`,
    'oauth.refresh_token': `'token_hash', ${hashOf}`,
    'oauth.revoked_token': `'token_id', n::text`,
    'oauth.signing_key': `'kid', n::text`,
    'lawful.supply': `'supply_id', ${nameOf('supply')}, 'meter_ref', ${nameOf('mp')}`,
    'lawful.lawful_order': `'order_id', ${nameOf('order')}`,
    'lawful.order_point': `'order_id', ${nameOf('order')}, 'meter_ref', ${nameOf('mp')}`,
  };
  for (const [table, change] of Object.entries(changes)) {
    await multiply(owner, table, change, 5000);
    await sql`analyze ${sql.table(table)}`.execute(owner);
  }
});

/** A supply that is over, and an order, without what goes with them: only how they are looked up is asked here. */
async function lawfulRows(): Promise<void> {
  await sql`alter table lawful.lawful_order disable trigger user`.execute(owner);
  await sql`alter table lawful.order_point disable trigger user`.execute(owner);
  await sql`insert into lawful.supply (supply_id, log_id, household_id, meter_point_id, client_id, meter_ref, from_date,
      recorded_at, ended_at, until_date)
    select 'supply_' || repeat('A', 22), 1, t.household_id, t.meter_point_id, p.client_id, 'mp_' || repeat('A', 22),
      '2026-01-01', now(), now(), '2026-02-01'
    from household.tenancy t, registry.third_party p limit 1`.execute(owner);
  await sql`insert into lawful.lawful_order (order_id, log_id, client_id, instrument, authority, reference, resolution,
      registers, from_date, to_date, expires_at, opens_at, recorded_at)
    select 'order_' || repeat('A', 22), 1, client_id, 'court-order', 'a court', 'one', 'P1D', '{import}', '2026-01-01',
      '2026-02-01', now(), now(), now() from registry.third_party limit 1`.execute(owner);
  await sql`insert into lawful.order_point (meter_ref, order_id, mpan)
    select 'mp_' || repeat('A', 22), order_id, '1200000000001' from lawful.lawful_order`.execute(owner);
}

const run = (db: Kysely<never>, guard: string, requests: readonly object[]) =>
  sql<{ position: number; reason: string }>`
    select * from ${sql.raw(guard)}(1::smallint, ${JSON.stringify(requests.map((args, position) => ({ position, args })))}::jsonb)
      order by 1`.execute(db);

const nobody = {
  ...{ client_id: 'client_x', third_party: 'client_x', grant_id: 'grant_x', consent_id: 'consent_x' },
  ...{ meter_ref: 'mp_x', version: 1, kid: 'x', jti: 'x', code_hash: 'eA==', refresh_hash: 'eA==' },
  ...{ supply_id: 'supply_x', order_id: 'order_x', purpose: 'settlement', opted_out: '' },
};

for (const guard of [
  'oauth.guard_token_not_revoked',
  'oauth.guard_own_token',
  'oauth.guard_signing_key',
  'oauth.guard_grant_in_force',
  'oauth.guard_code_unspent',
  'consent.guard_in_force',
  'registry.guard_third_party_active',
  'lawful.guard_supply',
  'lawful.guard_order',
])
  test(`${guard} walks through no table, and refuses what nobody knows`, async () => {
    await owner.transaction().execute(async (tx) => {
      assert.equal((await run(tx, guard, [nobody, nobody, nobody])).rows.length, 3);
      assert.ok((await rowsWalked(tx)) < 10);
    });
  });

test('a grant whose consent ended with a tenancy gives no token, though the consent itself runs on', async () => {
  const refused = async () =>
    (await run(owner, 'oauth.guard_grant_in_force', [{ grant_id: grantId }])).rows.map(
      ({ reason }) => reason,
    );
  const endAt = (when: string) =>
    sql`update consent.consent c set ends_at = ledger.now() + ${when}::interval
      from oauth.grant g where g.grant_id = ${grantId} and c.consent_id = g.consent_id`.execute(owner);
  assert.deepEqual(await refused(), []);
  await endAt('1 hour');
  assert.deepEqual(await refused(), []);
  await endAt('-1 second');
  assert.deepEqual(await refused(), ['grant_over']);
});
