// Nothing rules out several logs in one database: each has entries, head, checkpoints, keys, chains and tiles of its own,
// takes entries beside the others, and verifies without them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { exportLog } from '../../src/ledger/export.ts';
import { findDamage, latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { findLogInForce } from '../../src/ledger/log-in-force.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { proveInclusion } from '../../src/ledger/proofs.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const logs = await Promise.all(
  [1, 2, 3].map((logId) => testLedger(databases, { logId, origin: `shard-${logId}.example/ledger` })),
);
after(async () => {
  for (const log of logs) await log.close();
  await databases.close();
});
const { app, owner } = databases;

/** What belongs to the server or to all logs, and a link that is found by what is secret in it. */
const ofNoLog = new Set([
  'ledger.clock_offset',
  'ledger.guard',
  'ledger.entry_partition',
  'subject.eraser',
  'consent.stop_link',
]);

test('log_id is part of every key of the ledger and of what hangs on it', async () => {
  const { rows } = await sql<{ name: string; columns: string[] }>`
    select n.nspname || '.' || c.relname || ' ' || i.indexrelid::regclass as name,
           array_agg(a.attname::text order by a.attnum) as columns
      from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
     where i.indisunique and n.nspname in ('ledger', 'subject', 'evidence', 'consent')
     group by 1`.execute(owner);
  assert.ok(rows.length > 15);
  const without = rows.filter(({ name, columns }) => {
    const table = name.split(' ')[0] as string;
    return !columns.includes('log_id') && !ofNoLog.has(table);
  });
  // The one key that reaches across logs: a log is succeeded once.
  const across = ['ledger.log ledger.log_succeeds_key', 'ledger.log ledger.log_origin_key'];
  assert.deepEqual(
    without.map(({ name }) => name).filter((name) => !across.includes(name)),
    [],
  );
});

test('three logs take entries at once, each with its own order, and each verifies by itself', async () => {
  const each = 30;
  const receipts = await Promise.all(
    logs.map(async (log) => {
      const households = await Promise.all([log.household(), log.household()]);
      return await Promise.all(
        Array.from({ length: each }, (_, i) =>
          log.append({
            req: newRequestId(),
            householdId: households[i % 2] as (typeof households)[0],
            body: { kind: 'meter-point.linked', actor: 'operator' },
            personal: { meter_point: String(i) },
          }),
        ),
      );
    }),
  );
  for (const [i, log] of logs.entries()) {
    const { logId, origin, verifierKey } = log;
    const indexes = receipts[i]?.map(({ index }) => index).sort((a, b) => a - b);
    assert.deepEqual(
      indexes,
      Array.from({ length: each }, (_, n) => n + 1),
    );
    const verdict = await verifyLog(exportLog(app, { logId, policies: [] }), {
      ...nodeCrypto,
      keys: [verifierKey],
    });
    assert.deepEqual(verdict.violations, []);
    assert.deepEqual([verdict.origin, verdict.size], [origin, each + 1]);
    const proof = await proveInclusion(app, logId, 7);
    assert.equal(proof.size, each + 1);
    assert.equal(await findDamage(app, logId), null);
    assert.match((await latestCheckpoint(app, logId))?.note ?? '', new RegExp(`^${origin}\n`));
    assert.deepEqual(await findLogInForce(app, origin), { logId, origin, formers: [] });
  }
});

test('an export of one log is none of another, whatever key is brought', async () => {
  const [first, second] = logs as [(typeof logs)[0], (typeof logs)[0]];
  const verdict = await verifyLog(exportLog(app, { logId: first.logId, policies: [] }), {
    ...nodeCrypto,
    keys: [second.verifierKey],
  });
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violations[0]?.kind, 'key_not_trusted');
});

test('one log that is closed keeps none of the others from being written', async () => {
  const [first, second] = logs as [(typeof logs)[0], (typeof logs)[0]];
  await sql`select ledger.succeed_log(${first.logId}::smallint, 'shard-1.example/ledger-2')`.execute(app);
  const entry = async (log: typeof first) =>
    log.append({
      req: newRequestId(),
      householdId: null,
      body: { kind: 'third-party.restored', actor: 'operator', third_party: `client_${'a'.repeat(22)}` },
    });
  await assert.rejects(entry(first), { code: 'ledger_unavailable' });
  assert.equal((await entry(second)).origin, second.origin);
  const { logId } = await findLogInForce(app, first.origin);
  assert.equal(logId, 4);
});
