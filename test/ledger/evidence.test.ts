// What is kept beside an entry: sealed under the household's key, written with its entry or not at all, shown only where it is
// what the entry commits to.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { openSubject } from '../../src/ledger/commitment.ts';
import { openEvidence, sealEvidence } from '../../src/ledger/evidence.ts';
import { findEvidence } from '../../src/ledger/find-evidence.ts';
import { type AppendRequest, GuardRefused } from '../../src/ledger/ledger.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { newId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const { app, owner } = databases;
const household = await ledger.household();
const keys = databases.open<SubjectKeyTables>(databases.urls.subjectKeys);
const parts = () => ({ db: app, logId: 1, origin: testOrigin, subjects: openSubjects(keys, testOrigin) });

const proof = `proof ${randomBytes(300).toString('base64url')}`;
const requested = (changes: Partial<AppendRequest> = {}): AppendRequest => ({
  req: newRequestId(),
  householdId: household,
  body: {
    kind: 'refusal',
    actor: 'third-party',
    basis: 'consent',
    third_party: newId('client'),
    consent_ref: newId('consent'),
    version: 1,
    decision: 'refused',
    reasons: ['policy_denied'],
    jkt: 'J'.repeat(43),
  },
  personal: { proof, meter_point: '1012345678901' },
  evidence: ['proof'],
  ...changes,
});
const kept = async (): Promise<number> =>
  (await sql<{ n: number }>`select count(*)::int as n from evidence.sealed`.execute(app)).rows[0]?.n ?? 0;

test('sealed values open with the same key, log and request, and with no other', () => {
  const record = openSubject(Buffer.alloc(32, 1), 'a').record('r');
  const sealed = sealEvidence(record, 'a', 'r', canonicalJson({ proof }));
  assert.deepEqual(openEvidence(record, 'a', 'r', sealed), { proof });
  const bent = Buffer.from(sealed);
  bent[20] = (bent[20] as number) ^ 1;
  assert.throws(() => openEvidence(record, 'a', 'r', bent));
  assert.throws(() => openEvidence(record, 'b', 'r', sealed));
  assert.throws(() => openEvidence(record, 'a', 's', sealed));
  assert.throws(() => openEvidence(openSubject(Buffer.alloc(32, 2), 'a').record('r'), 'a', 'r', sealed));
  assert.notDeepEqual(sealEvidence(record, 'a', 'r', canonicalJson({ proof })), sealed);
});

test('a proof is kept with its entry, unreadable in the database, and shown as the entry commits to it', async () => {
  const receipts = await Promise.all([
    ledger.append(requested()),
    ledger.append(requested({ evidence: [] })),
    ledger.append(requested()),
  ]);
  const [first, none, last] = receipts.map(({ index }) => index) as [number, number, number];
  assert.deepEqual(await findEvidence(parts(), first), { proof });
  assert.deepEqual(await findEvidence(parts(), last), { proof });
  assert.deepEqual(await findEvidence(parts(), none), {});
  assert.equal(await findEvidence(parts(), 0), null);
  const { rows } = await sql<{ found: boolean }>`
    select bool_or(position(convert_to(${proof.slice(0, 20)}, 'UTF8') in sealed) > 0) as found from evidence.sealed`.execute(
    app,
  );
  assert.equal(rows[0]?.found, false);
});

test('a refusal that is written instead keeps it too; where nothing is written nothing is kept', async () => {
  const suspended = [{ name: 'third-party-active', args: { client_id: 'nobody' } }];
  const refusal = (reason: string) => ({ ...requested().body, reasons: [reason] }) as never;
  const written = await ledger.append(requested({ guards: suspended, refusal, refusalPersonal: ['proof'] }));
  assert.equal(written.outcome, 'refused');
  assert.deepEqual(await findEvidence(parts(), written.index), { proof });
  const before = await kept();
  await assert.rejects(ledger.append(requested({ guards: suspended })), GuardRefused);
  assert.equal(await kept(), before);
});

test('without the key of the household nothing is shown', async () => {
  const erased = await ledger.household();
  const { index } = await ledger.append(requested({ householdId: erased }));
  assert.deepEqual(await findEvidence(parts(), index), { proof });
  const keyOwner = databases.open(
    databases.superuserUrl(new URL(databases.urls.subjectKeys).pathname.slice(1)),
  );
  await sql`delete from subject.key where household_id = ${erased}`.execute(keyOwner);
  assert.equal(await findEvidence(parts(), index), null);
});

test('erasing a household takes its evidence, and no other', async () => {
  const [gone, stays] = [await ledger.household(), await ledger.household()];
  const lost = await ledger.append(requested({ householdId: gone }));
  const left = await ledger.append(requested({ householdId: stays }));
  const { rows } = await sql<{
    function: string;
  }>`select function from subject.eraser order by place`.execute(owner);
  assert.equal(rows[0]?.function, 'evidence.erase_household', 'while it is still known what is whose');
  await sql`select evidence.erase_household(1::smallint, ${gone})`.execute(owner);
  assert.equal(await findEvidence(parts(), lost.index), null);
  assert.deepEqual(await findEvidence(parts(), left.index), { proof });
});

test('evidence that is not what the entry commits to is never shown', async () => {
  const { index } = await ledger.append(requested());
  const other = await ledger.append(requested());
  await sql`update evidence.sealed set sealed = (select sealed from evidence.sealed where idx = ${other.index})
    where idx = ${index}`.execute(owner);
  await assert.rejects(findEvidence(parts(), index));
});

test('the application can put nothing to an entry that is there, or is not there, and can change and take nothing', async () => {
  const bytes = Buffer.alloc(40);
  const { index } = await ledger.append(requested({ evidence: [] }));
  const keep = (at: number, length = 40) =>
    sql`select evidence.keep(1::smallint, ${[at]}::bigint[], ${[length]}::int[], ${bytes})`;
  for (const at of [index, index + 1]) await assert.rejects(keep(at).execute(app), { code: 'SD003' });
  await assert.rejects(keep(index, 41).execute(app), { code: '22023' });
  for (const statement of [
    sql`insert into evidence.sealed values (1, 999, ${bytes})`,
    sql`update evidence.sealed set sealed = ${bytes}`,
    sql`delete from evidence.sealed`,
    sql`truncate evidence.sealed`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});
