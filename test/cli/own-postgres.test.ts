// A PostgreSQL of one's own, made ready with the very SQL that docs/1-running.md prints, and a broker in production on it.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testKey } from '../support/third-party.ts';

const folder = await testDataFolder(() => server.stop());
const server = await startEmbedded(folder);

const url = (role: string, database: string) => server.url(role, 'change-me', database);
const settings = {
  STABLEDOOR_MODE: 'production',
  STABLEDOOR_ISSUER: 'https://broker.example',
  STABLEDOOR_DATA_DIR: join(folder, 'data'),
  DATABASE_URL: url('stabledoor_broker', 'stabledoor'),
  STABLEDOOR_METER_STORE_URL: url('stabledoor_reader', 'stabledoor_meters'),
  STABLEDOOR_SUBJECT_KEYS_URL: url('stabledoor_key_keeper', 'stabledoor_keys'),
  STABLEDOOR_IMPORT_DATABASE_URL: url('stabledoor_importer', 'stabledoor_meters'),
  STABLEDOOR_AUDIT_DATABASE_URL: url('stabledoor_auditor', 'stabledoor'),
};
const owner = { STABLEDOOR_OWNER_DATABASE_URL: url('stabledoor_owner', 'stabledoor') };

async function runDocumentedSql(): Promise<void> {
  const page = await readFile(join(import.meta.dirname, '../../docs/1-running.md'), 'utf8');
  const statements = /```sql\n([\s\S]*?)```/
    .exec(page)?.[1]
    ?.split(';')
    .filter((one) => one.trim() !== '');
  assert.ok(statements && statements.length > 15);
  const admin = server.url('postgres', server.superuserPassword, 'postgres');
  const db: Kysely<unknown> = openDatabase({ url: admin, maxConnections: 1 });
  for (const statement of statements) await sql.raw(statement).execute(db);
  await db.destroy();
}

test('the documented SQL and `stabledoor migrate` make the databases ready; the doctor agrees', async () => {
  await runDocumentedSql();
  const behind = await stabledoor(settings, ['doctor']);
  assert.equal(behind.code, 1);
  assert.match(behind.out, /migrations of broker: run `stabledoor migrate`/);
  const unowned = await stabledoor(settings, ['migrate']);
  assert.deepEqual([unowned.code, /STABLEDOOR_OWNER_DATABASE_URL/.test(unowned.err)], [78, true]);
  const migrated = await stabledoor({ ...settings, ...owner }, ['migrate', '--json']);
  assert.equal(migrated.code, 0, migrated.err);
  assert.ok((JSON.parse(migrated.out) as { applied: string[] }).applied.includes('0002-ledger'));
  assert.equal((await stabledoor(settings, ['init'])).code, 0);
  const sound = await stabledoor(settings, ['doctor']);
  assert.equal(sound.code, 0, sound.out);
});

test('in production a third party that is added is pending, and no ledger entry says that it is registered', async () => {
  const { publicJwk } = await testKey();
  const jwks = join(folder, 'jwks.json');
  await writeFile(jwks, JSON.stringify({ keys: [{ ...publicJwk, kid: 'k1', alg: 'ES256', use: 'sig' }] }));
  const added = await stabledoor(settings, [
    ...[
      'third-party',
      'add',
      '--name',
      'Acme Advice',
      '--class',
      'energy-adviser',
      '--purpose',
      'energy-advice',
    ],
    ...['--jwks', jwks, '--redirect-uri', 'https://acme.example/callback'],
  ]);
  assert.equal(added.code, 0, added.err);
  assert.equal((JSON.parse(added.out) as { status: string }).status, 'pending');
  const verdict = await stabledoor(settings, ['ledger', 'verify', '--json']);
  assert.equal(verdict.code, 0, verdict.err);
  const { counts } = JSON.parse(verdict.out) as { counts: { kinds: Record<string, number> } };
  assert.equal(counts.kinds['third-party.registered'], undefined);
});

test('two operators join with a code each; what one proposes the other approves, and neither alone', async () => {
  const as = (name: string) => ({ ...settings, STABLEDOOR_OPERATOR_KEY_FILE: join(folder, `${name}.key`) });
  const run = async (of: Record<string, string>, ...args: string[]) => {
    const ran = await stabledoor(of, [...args, '--json']);
    assert.equal(ran.code, 0, ran.err);
    return JSON.parse(ran.out);
  };
  for (const name of ['ann', 'ben']) {
    const { code } = await run(settings, 'operator', 'code');
    await run(as(name), 'operator', 'add', '--name', name, '--role', 'administrator', '--code', code);
  }
  const third = await stabledoor(settings, ['operator', 'code']);
  assert.deepEqual([third.code, /The first two operators are there/.test(third.err)], [1, true]);
  const { publicJwk } = await testKey();
  const jwks = join(folder, 'other.json');
  await writeFile(jwks, JSON.stringify({ keys: [{ ...publicJwk, kid: 'k1', alg: 'ES256', use: 'sig' }] }));
  const added = await run(
    as('ann'),
    ...['third-party', 'add', '--name', 'Bright Advice', '--class', 'energy-adviser'],
    ...['--purpose', 'energy-advice', '--jwks', jwks, '--redirect-uri', 'https://bright.example/callback'],
  );
  assert.deepEqual(Object.keys(added), ['client_id', 'status', 'proposal']);
  assert.equal(added.status, 'pending');
  const alone = await stabledoor(as('ann'), ['operator', 'approve', added.proposal]);
  assert.deepEqual([alone.code, /Nobody approves what they proposed/.test(alone.err)], [1, true]);
  const [waiting] = await run(as('ben'), 'operator', 'proposals');
  assert.deepEqual([waiting.proposal, waiting.words.Name], [added.proposal, 'Bright Advice']);
  assert.equal((await run(as('ben'), 'operator', 'approve', added.proposal)).status, 'done');
  assert.equal((await run(settings, 'third-party', 'show', added.client_id)).status, 'active');
  const nobody = await stabledoor(settings, ['operator', 'approve', added.proposal]);
  assert.deepEqual([nobody.code, /STABLEDOOR_OPERATOR_KEY_FILE/.test(nobody.err)], [2, true]);
  const verdict = await run(settings, 'ledger', 'verify');
  assert.equal(verdict.counts.kinds['operator.approved'], 1);
});

test('a broker in production makes no key, and connects to no meter store that it could write to', async () => {
  const keyless = await stabledoor({ ...settings, STABLEDOOR_KEY_DIR: join(folder, 'none') }, [
    'third-party',
    'restore',
    'x',
  ]);
  assert.equal(keyless.code, 1);
  assert.match(keyless.err, /stabledoor init/);
  const writer = { ...settings, STABLEDOOR_METER_STORE_URL: settings.STABLEDOOR_IMPORT_DATABASE_URL };
  const refused = await stabledoor(writer, ['third-party', 'restore', 'x']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /the meter store must be read only/);
});

test('P5: what a superuser changes in the database, verify finds and names by its index', async () => {
  const admin = server.url('postgres', server.superuserPassword, 'stabledoor');
  const db: Kysely<unknown> = openDatabase({ url: admin, maxConnections: 1 });
  // Whoever owns the table can put its triggers to sleep and wake them again.
  const rewrite = (from: string, to: string) =>
    db.transaction().execute(async (tx) => {
      await sql`alter table ledger.entry_0 disable trigger never_changed`.execute(tx);
      await sql`update ledger.entry
        set entry = convert_to(replace(convert_from(entry, 'UTF8'), ${from}, ${to}), 'UTF8') where idx = 1`.execute(
        tx,
      );
      await sql`alter table ledger.entry_0 enable always trigger never_changed`.execute(tx);
    });
  const verify = async () => {
    const ran = await stabledoor(settings, ['ledger', 'verify', '--json']);
    const { violations } = JSON.parse(ran.out) as { violations: { index: number; kind: string }[] };
    return { code: ran.code, kinds: violations.map(({ index, kind }) => `${index} ${kind}`) };
  };
  await rewrite('"actor":"operator"', '"actor":"broker"');
  const changed = await verify();
  assert.equal(changed.code, 1);
  assert.ok(changed.kinds.includes('2 entry_link'), changed.kinds.join());
  await rewrite('"actor":"broker"', '"actor":"operator"');
  assert.deepEqual(await verify(), { code: 0, kinds: [] });
  await db.destroy();
});

test('an unreachable database is one line, without its password', async () => {
  const gone = { ...settings, STABLEDOOR_AUDIT_DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/none' };
  const ran = await stabledoor(gone, ['third-party', 'list']);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^stabledoor: the database does not answer[^\n]*\n$/);
  assert.ok(!ran.err.includes('hunter2'));
});
