import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('a token in a third party’s own name is refused once it was revoked, and only then', async () => {
  const { owner } = databases;
  const ask = async () =>
    (
      await sql<{ position: number; reason: string }>`
        select * from oauth.guard_own_token(1::smallint, '[{"position": 3, "args": {"jti": "one", "kid": "k"}},
          {"position": 4, "args": {"jti": "two", "kid": "k"}}]')`.execute(owner)
    ).rows;
  await sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
    values ('k', '{}', ledger.now(), ledger.now())`.execute(owner);
  assert.deepEqual(await ask(), []);
  await sql`insert into oauth.revoked_token (token_id, expires_at) values ('two', ledger.now() + interval '1 hour')`.execute(
    owner,
  );
  assert.deepEqual(await ask(), [{ position: 4, reason: 'token_revoked' }]);
});
