// What the database refuses of a key that was retired before its time: its tokens, and new ones.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

const publish = (kid: string, secondsAgo: number) =>
  sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from)
    values (${kid}, ${`{"kid":"${kid}"}`}, ledger.now() - ${secondsAgo} * interval '1 second',
      ledger.now() - ${secondsAgo} * interval '1 second')`.execute(owner);

const refused = async (guard: string, kids: (string | null)[]) => {
  const requests = JSON.stringify(kids.map((kid, position) => ({ position, args: { kid, jti: 'x' } })));
  const { rows } = await sql<{ position: number; reason: string }>`
    select * from ${sql.raw(`oauth.${guard}`)}(1::smallint, ${requests}::jsonb) order by 1`.execute(owner);
  return rows.map(({ position, reason }) => `${position} ${reason}`);
};

test('a key whose successor has signed for ten minutes is due, and no other', async () => {
  const due = async () =>
    (await sql<{ key: string }>`select k as key from oauth.retire_due_keys() k`.execute(app)).rows;
  await publish('oldest', 5000);
  await publish('old', 599);
  assert.deepEqual(await due(), []);
  await publish('middle', 601);
  assert.deepEqual(await due(), [{ key: '{"kid":"oldest"}' }]);
  assert.deepEqual(await due(), []);
});

test('a retired key has no token that stands, signs none, and cannot be retired again', async () => {
  const retire = async (kid: string) =>
    (await sql<{ key: string | null }>`select oauth.retire_key_now(${kid}) as key`.execute(app)).rows[0]?.key;
  assert.equal(await retire('old'), '{"kid":"old"}');
  assert.equal(await retire('old'), null);
  assert.equal(await retire('unknown'), null);
  assert.equal(await retire('middle'), null, 'no other signs');
  const kids = ['middle', 'old', 'unknown', null];
  assert.deepEqual(await refused('guard_own_token', kids), [
    '1 token_revoked',
    '2 token_revoked',
    '3 token_revoked',
  ]);
  assert.deepEqual(await refused('guard_signing_key', kids), [
    '1 signing_key_retired',
    '2 signing_key_retired',
    '3 signing_key_retired',
  ]);
});
