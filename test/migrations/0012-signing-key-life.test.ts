import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit } = databases;

test('the application changes nothing of a key, and retires it by functions alone; the regulator’s reader sees it', async () => {
  await sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
    values ('k', '{}', ledger.now(), ledger.now())`.execute(app);
  for (const forbidden of [
    sql`update oauth.signing_key set public_jwk = '{"evil":1}'`,
    sql`update oauth.signing_key set signs_from = ledger.now()`,
    sql`update oauth.signing_key set retired_at = ledger.now()`,
    sql`delete from oauth.signing_key`,
  ])
    await assert.rejects(forbidden.execute(app), /permission denied/);
  await assert.rejects(
    sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
      values ('l', '{}', ledger.now(), ledger.now() - interval '1 s')`.execute(app),
    /check/,
  );
  const retire = () => sql<{ key: string | null }>`select oauth.retire_key_now('k') as key`.execute(app);
  assert.deepEqual((await retire()).rows, [{ key: null }], 'the only one that signs stays');
  await sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
    values ('m', '{}', ledger.now(), ledger.now())`.execute(app);
  assert.deepEqual((await retire()).rows, [{ key: '{}' }]);
  const { rows } = await sql`select kid from oauth.signing_key where retired_at is not null`.execute(audit);
  assert.deepEqual(rows, [{ kid: 'k' }]);
});
