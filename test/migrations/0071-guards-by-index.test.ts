// The guards of tokens and reads look at no more rows when there are thousands of grants, codes, consents and third parties.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { testHousehold } from '../support/household.ts';
import { oauthBroker } from '../support/oauth-broker.ts';
import { grantedCode, requestToken } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
const { owner } = broker.databases;
after(() => broker.close());

const many = 5000;

/** As many copies of the one row that is there, each with another name: `change` is JSON of what differs, made of n. */
async function multiply(table: string, change: string): Promise<void> {
  await sql`insert into ${sql.table(table)}
    select (jsonb_populate_record(one.row, ${sql.raw(change)})).*
      from (select t as row from ${sql.table(table)} t limit 1) one, generate_series(1, ${many}) n`.execute(
    owner,
  );
  await sql`analyze ${sql.table(table)}`.execute(owner);
}
const name = (prefix: string) => `'${prefix}_' || lpad(n::text, 22, '0')`;
const digest = `'\\x' || encode(sha256(n::text::bytea), 'hex')`;

before(async () => {
  const party = await broker.thirdParty();
  const { code, pkce } = await grantedCode(broker, party, await testHousehold(broker.parts));
  assert.equal((await requestToken(broker, party, await party.codeForm(code, pkce))).status, 200);
  await sql`insert into oauth.revoked_token (token_id, expires_at) values ('first', now())`.execute(owner);
  const consent = `'consent_id', ${name('consent')}`;
  await multiply('registry.third_party', `jsonb_build_object('client_id', ${name('client')})`);
  await multiply(
    'consent.consent',
    `jsonb_build_object(${consent}, 'state', 'stopped', 'request_ref', n::text)`,
  );
  await multiply('consent.meter_ref', `jsonb_build_object(${consent}, 'meter_ref', ${name('mp')})`);
  await multiply('oauth.grant', `jsonb_build_object(${consent}, 'grant_id', ${name('grant')})`);
  await multiply('oauth.authorization_code', `jsonb_build_object('code_hash', ${digest})`);
  await multiply('oauth.refresh_token', `jsonb_build_object('token_hash', ${digest})`);
  await multiply('oauth.revoked_token', `jsonb_build_object('token_id', n::text)`);
  await multiply('oauth.signing_key', `jsonb_build_object('kid', n::text)`);
});

/** Rows that were read by walking through a whole table, in one run of a guard that three requests name. */
async function rowsWalked(guard: string): Promise<number> {
  return owner.transaction().execute(async (tx) => {
    const requests = [1, 2, 3].map((position) => ({
      position,
      args: {
        ...{ client_id: 'client_x', third_party: 'client_x', grant_id: 'grant_x', consent_id: 'consent_x' },
        ...{ meter_ref: 'mp_x', version: 1, kid: 'x', jti: 'x', code_hash: 'eA==', refresh_hash: 'eA==' },
      },
    }));
    const { rows } =
      await sql`select * from ${sql.raw(guard)}(1::smallint, ${JSON.stringify(requests)}::jsonb)`.execute(tx);
    assert.equal(rows.length, 3, 'nobody knows what is asked for');
    const walked = await sql<{ rows: number }>`
      select sum(seq_tup_read)::int as rows from pg_stat_xact_user_tables`.execute(tx);
    return walked.rows[0]?.rows ?? 0;
  });
}

for (const guard of [
  'oauth.guard_token_not_revoked',
  'oauth.guard_own_token',
  'oauth.guard_signing_key',
  'oauth.guard_grant_in_force',
  'oauth.guard_code_unspent',
  'consent.guard_in_force',
  'registry.guard_third_party_active',
])
  test(`${guard} walks through no table`, async () => {
    assert.ok((await rowsWalked(guard)) < 10);
  });
