import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { owner, app } = databases;

type Guard = 'read_proof_unused' | 'token_not_revoked' | 'grant_in_force' | 'code_unspent';
/** What the guard refuses, as [position, reason], of requests at positions 0, 1, 2 … */
async function refusals(guard: Guard, args: object[]): Promise<[number, string][]> {
  const requests = JSON.stringify(args.map((each, position) => ({ position, args: each })));
  const { rows } = await sql<{ position: number; reason: string }>`
    select g.position, g.reason
    from ${sql.raw(`oauth.guard_${guard}`)}(1::smallint, ${requests}::jsonb) g order by g.position`.execute(
    owner,
  );
  return rows.map((row) => [row.position, row.reason]);
}

async function grant(): Promise<string> {
  const grantId = newId('grant');
  await sql`insert into oauth.grant (grant_id, client_id, consent_id, created_at)
    values (${grantId}, ${newId('client')}, ${newId('consent')}, ledger.now())`.execute(app);
  return grantId;
}

let codes = 0;
async function code(lifeSeconds: number): Promise<string> {
  const hash = Buffer.alloc(32, ++codes);
  await sql`insert into oauth.authorization_code (code_hash, grant_id, client_id, consent_id, redirect_uri, code_challenge, expires_at)
    values (${hash}, ${await grant()}, 'c', 'consent', 'https://a.example', 'x', ledger.now() + ${lifeSeconds} * interval '1 second')`.execute(
    app,
  );
  return hash.toString('base64');
}

test('a read proof is used once: in one batch the first has it, later batches never', async () => {
  const proof = { jkt: 'k', jti_hash: 'j', expires_s: 2_000_000_000 };
  const other = { ...proof, jkt: 'other' };
  assert.deepEqual(await refusals('read_proof_unused', [proof, other, proof]), [[2, 'invalid_dpop_proof']]);
  assert.deepEqual(await refusals('read_proof_unused', [other]), [[0, 'invalid_dpop_proof']]);
});

test('a read proof that lacks a part is refused and keeps nothing', async () => {
  const wrong = [{}, { jkt: 'k' }, { jkt: 'k', jti_hash: 'new' }];
  assert.equal((await refusals('read_proof_unused', wrong)).length, 3);
  assert.deepEqual(await refusals('read_proof_unused', [{ jkt: 'k', jti_hash: 'new', expires_s: 1 }]), []);
});

test('a code is spent once, in time, and its refresh token is kept with it', async () => {
  const fresh = { code_hash: await code(60), refresh_hash: Buffer.alloc(32, 200).toString('base64') };
  const late = { code_hash: await code(-1), refresh_hash: Buffer.alloc(32, 201).toString('base64') };
  const unknown = { code_hash: Buffer.alloc(32, 99).toString('base64') };
  const second = { ...fresh, refresh_hash: Buffer.alloc(32, 202).toString('base64') };
  assert.deepEqual(
    await refusals('code_unspent', [fresh, second, late, unknown, {}]),
    [1, 2, 3, 4].map((position) => [position, 'invalid_grant']),
  );
  assert.deepEqual(await refusals('code_unspent', [fresh]), [[0, 'invalid_grant']]);
  const kept = await owner.selectFrom('oauth.refresh_token').select('token_hash').execute();
  assert.deepEqual(
    kept.map((row) => row.token_hash[0]),
    [200],
  );
});

test('a token is refused when its grant is revoked or unknown, when it is revoked itself, and when its key does not stand', async () => {
  const [good, revoked] = [await grant(), await grant()];
  await sql`update oauth.grant set revoked_at = ledger.now(), revoked_reason = 'test' where grant_id = ${revoked}`.execute(
    app,
  );
  await sql`insert into oauth.revoked_token (token_id, expires_at) values ('dead', ledger.now())`.execute(
    app,
  );
  await sql`insert into oauth.signing_key (kid, public_jwk, published_at, signs_from, retired_at)
    select k.kid, '{}', n.now, n.now, k.retired_at from (select ledger.now() as now) n,
      (values ('stands', null), ('stolen', ledger.now())) k(kid, retired_at)`.execute(databases.owner);
  const kid = 'stands';
  const asked = [
    { grant_id: good, jti: 'alive', kid },
    { grant_id: revoked, jti: 'alive', kid },
    { grant_id: 'grant_unknown', jti: 'alive', kid },
    { grant_id: good, jti: 'dead', kid },
    { grant_id: good, jti: 'alive', kid: 'stolen' },
    { grant_id: good, jti: 'alive', kid: 'unknown' },
    { grant_id: good, jti: 'alive' },
  ];
  assert.deepEqual(
    await refusals('token_not_revoked', asked),
    [1, 2, 3, 4, 5, 6].map((position) => [position, 'token_revoked']),
  );
});

test('a grant without a consent in force gives no token', async () => {
  assert.deepEqual(await refusals('grant_in_force', [{ grant_id: await grant() }]), [[0, 'grant_over']]);
});

test('the application can neither spend codes, keep refresh tokens nor touch read proofs: only the guards can', async () => {
  const forbidden = [
    sql`update oauth.authorization_code set spent_at = null`,
    sql`insert into oauth.refresh_token values ('\\x00', 'a', 'b', ledger.now())`,
    sql`insert into oauth.read_proof values ('a', 'b', ledger.now())`,
    sql`select from oauth.read_proof`,
    sql`update oauth.grant set consent_id = 'other'`,
    sql`update oauth.pushed_request set redirect_uri = 'https://evil.example'`,
    sql`delete from oauth.used_assertion`,
    sql`select oauth.guard_code_unspent(1::smallint, '[]')`,
  ];
  for (const statement of forbidden) await assert.rejects(statement.execute(app), /permission denied/);
});
