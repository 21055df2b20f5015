import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { up } from '../../migrations/0010-grant-management.ts';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { owner } = databases;

test('codes and refresh tokens that are there get the consent of their grant', async () => {
  await sql`
    drop function oauth.replace_grant(smallint, text, text, text);
    alter table oauth.pushed_request drop column replaces_grant;
    alter table oauth.grant drop column updated_at;
    alter table oauth.authorization_code drop column consent_id;
    alter table oauth.refresh_token drop column consent_id`.execute(owner);
  const [grantId, consentId] = [newId('grant'), newId('consent')];
  await sql`insert into oauth.grant (grant_id, client_id, consent_id, created_at)
    values (${grantId}, 'c', ${consentId}, ledger.now())`.execute(owner);
  await sql`insert into oauth.authorization_code
      (code_hash, grant_id, client_id, redirect_uri, code_challenge, expires_at)
    values (${Buffer.alloc(32, 1)}, ${grantId}, 'c', 'https://a.example', 'x', ledger.now())`.execute(owner);
  await sql`insert into oauth.refresh_token (token_hash, grant_id, client_id, issued_at)
    values (${Buffer.alloc(32, 2)}, ${grantId}, 'c', ledger.now())`.execute(owner);
  await up(owner as unknown as Kysely<unknown>);
  const { rows } = await sql<{ code: string; token: string }>`
    select c.consent_id as code, r.consent_id as token
      from oauth.authorization_code c, oauth.refresh_token r`.execute(owner);
  assert.deepEqual(rows, [{ code: consentId, token: consentId }]);
});
