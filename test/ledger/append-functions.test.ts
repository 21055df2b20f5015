// What the database itself refuses, spoken to directly as the application role: a broker that was taken over has
// this role and no other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import type { BrokerTransaction } from '../../src/db/database.ts';
import { assembleBatch } from '../../src/ledger/batch.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { sealBody } from '../../src/ledger/entry-body.ts';
import { closeBatch, openBatch } from '../../src/ledger/ledger-store.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { openSubjects } from '../../src/ledger/subjects.ts';
import { type HouseholdId, newId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
let household: HouseholdId;
before(async () => {
  household = await ledger.household();
});
after(async () => {
  await ledger.close();
  await databases.close();
});

type Closing = Parameters<typeof closeBatch>[2];

/** What an honest broker would hand to close_batch; the transaction holds the head then. */
async function honestClosing(tx: BrokerTransaction): Promise<Closing> {
  const subjects = openSubjects(databases.open<SubjectKeyTables>(databases.urls.subjectKeys, 1), testOrigin);
  const req = newRequestId();
  const subject = await subjects.find(household);
  const commit = { meter_point: subject?.record(req).commit('meter_point', '1012345678901') as string };
  const body = sealBody({ kind: 'meter-point.linked', actor: 'operator' }, req, commit);
  const signCheckpoint = (size: number, root: Uint8Array) =>
    ledger.signer.signNote(formatCheckpoint({ origin: testOrigin, size, root }));
  const prepared = {
    req,
    householdId: household,
    subject,
    body,
    refusal: () => null,
    evidence: null,
    guards: [],
  };
  const { batch } = await assembleBatch({ logId: 1, origin: testOrigin, subjects, signCheckpoint }, tx, [
    prepared,
  ]);
  return batch?.closed as Closing;
}

/** Closes an honest batch with `change` let loose on it. */
const meddled = (change: (closing: Closing) => Partial<Closing>) =>
  databases.app.transaction().execute(async (tx) => {
    const closing = await honestClosing(tx);
    await closeBatch(tx, 1, { ...closing, ...change(closing) });
  });

const size = async () =>
  (
    await databases.app
      .selectFrom('ledger.head')
      .select('size')
      .where('log_id', '=', 1)
      .executeTakeFirstOrThrow()
  ).size;

/** The same tag in entry and batch, so that only its form is wrong. */
const withTag = (closing: Closing, tag: string): Partial<Closing> => ({
  entries: closing.entries.map((entry) => entry.replace(/stag .*/, `stag ${tag}`)),
  stags: closing.stags.map(() => tag),
});

const refusals: [string, (closing: Closing) => Partial<Closing>, RegExp][] = [
  [
    'a wrong link',
    (c) => ({ entries: c.entries.map((e) => e.replace(/prev .{10}/, 'prev AAAAAAAAAA')) }),
    /do not link/,
  ],
  [
    'a gap in the index',
    (c) => ({ entries: c.entries.map((e) => e.replace(/idx \d+/, 'idx 99')) }),
    /do not link/,
  ],
  [
    'another time in the entry than in the batch',
    (c) => ({ entries: c.entries.map((e) => e.replace(/time \d/, 'time 9')) }),
    /do not link/,
  ],
  ['another tag than the batch names', (c) => ({ stags: c.stags.map(() => '-') }), /do not link/],
  ['something before the header', (c) => ({ entries: c.entries.map((e) => `x${e}`) }), /do not link/],
  ['a second line in the body', (c) => ({ entries: c.entries.map((e) => `${e}{"a":1}\n`) }), /do not link/],
  ['a time six seconds ahead', (c) => ({ timeMs: c.timeMs + 6000 }), /is not now/],
  ['a time six seconds behind', (c) => ({ timeMs: c.timeMs - 6000 }), /is not now/],
  [
    'a checkpoint of another root',
    () => ({
      checkpoint: ledger.signer.signNote(
        formatCheckpoint({ origin: testOrigin, size: 2, root: new Uint8Array(32) }),
      ),
    }),
    /not of this tree/,
  ],
  ['a tag that is not base64 of 32 bytes', (c) => withTag(c, `${'A'.repeat(42)}\n=`), /base64|do not link/],
  ['a tag of no bytes', (c) => withTag(c, ''), /do not link/],
  [
    'an absent tag',
    (c) => ({ ...withTag(c, ''), stags: c.stags.map(() => null as unknown as string) }),
    /do not link/,
  ],
  ['fewer request ids than entries', () => ({ reqs: [] }), /bad batch/],
];

for (const [what, change, error] of refusals) {
  test(`close_batch refuses ${what}, and the log stays as it was`, async () => {
    const before = await size();
    await assert.rejects(meddled(change), error);
    assert.equal(await size(), before);
  });
}

test('an honest batch passes the same way', async () => {
  const before = await size();
  await meddled(() => ({}));
  assert.equal(await size(), before + 1);
});

test('close_batch without its open_batch in the same transaction is refused', async () => {
  const kept = await databases.app.transaction().execute(honestClosing);
  await assert.rejects(
    databases.app.transaction().execute((tx) => closeBatch(tx, 1, kept)),
    /without its open_batch/,
  );
});

test('a batch with durability switched off is refused, at the append and at the commit', async () => {
  await assert.rejects(
    databases.app.transaction().execute(async (tx) => {
      await sql`set local synchronous_commit = off`.execute(tx);
      await openBatch(tx, 1, { reqs: [], households: [], guards: {} });
    }),
    /durability is off/,
  );
  await assert.rejects(
    databases.app.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, [
        {
          req: newRequestId(),
          householdId: household,
          body: { kind: 'meter-point.linked', actor: 'operator' },
          personal: { meter_point: 'x' },
        },
      ]);
      await sql`set local synchronous_commit = off`.execute(tx);
    }),
    /durability is off/,
  );
});

test('a batch outside READ COMMITTED is refused: its guards would read an old snapshot', async () => {
  await assert.rejects(
    databases.app
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute((tx) => openBatch(tx, 1, { reqs: [], households: [], guards: {} })),
    /READ COMMITTED/,
  );
});

for (const statement of [
  `insert into ledger.entry (log_id, idx, leaf, entry) values (1, 999, sha256('x'), 'x')`,
  `update ledger.entry set entry = 'x' where idx = 0`,
  `delete from ledger.entry where idx = 0`,
  `truncate ledger.entry`,
  `update ledger.head set size = 0`,
  `delete from ledger.checkpoint`,
  `delete from ledger.pending`,
  `insert into ledger.guard (name, function) values ('mine', 'pg_catalog.now')`,
  `update ledger.clock_offset set offset_ms = 1`,
  `delete from subject.entry`,
  `alter table ledger.entry disable trigger all`,
  `set session_replication_role = replica`,
]) {
  test(`the application role may not: ${statement.slice(0, 40)}`, async () => {
    await assert.rejects(sql.raw(statement).execute(databases.app), /permission denied|must be owner/);
  });
}

test('a state change writes its entry in its own transaction, or neither happens', async () => {
  const before = await size();
  const request = {
    req: newRequestId(),
    householdId: household,
    body: { kind: 'meter-point.linked', actor: 'operator' } as const,
    personal: { meter_point: 'y' },
  };
  await assert.rejects(
    databases.app.transaction().execute(async (tx) => {
      await ledger.appendWithin(tx, [request]);
      throw new Error('the state change failed');
    }),
    /state change failed/,
  );
  assert.equal(await size(), before);
  const [receipt] = await databases.app.transaction().execute((tx) => ledger.appendWithin(tx, [request]));
  assert.equal(receipt?.index, before);
});

test('a pending entry is the first of the next batch, whoever writes it', async () => {
  const before = await size();
  const stopped = { kind: 'consent.stopped', actor: 'householder', version: 1 } as const;
  const pending = {
    req: newRequestId(),
    householdId: household,
    body: { ...stopped, consent_ref: newId('consent'), third_party: newId('client') },
  };
  await databases.app.transaction().execute((tx) => ledger.appendPending(tx, pending));
  const receipt = await ledger.append({ ...pending, req: newRequestId() });
  assert.equal(receipt.index, before + 1);
  const { rows } = await sql<{
    idx: number;
  }>`select idx from ledger.request where req = ${pending.req}::uuid`.execute(databases.app);
  assert.equal(rows[0]?.idx, before);
});

test('entries bear a time no later than the one their guards went by', async () => {
  await sql`
    create function public.guard_slow(p_log smallint, p_requests jsonb) returns table ("position" int, reason text)
    language plpgsql volatile as $$ begin perform pg_sleep(0.5); end $$`.execute(
    databases.open(databases.superuserUrl(databases.name)),
  );
  await sql`insert into ledger.guard (name, function) values ('slow', 'public.guard_slow')`.execute(
    databases.owner,
  );
  const begun = Date.now();
  const opened = await databases.app
    .transaction()
    .execute((tx) =>
      openBatch(tx, 1, { reqs: [], households: [], guards: { slow: [{ position: 0, args: {} }] } }),
    );
  assert.ok(opened.now_ms - begun < 400, `${opened.now_ms - begun} ms after the head was taken`);
});

test('close_batch forgets no pending entry that is not among those it writes', async () => {
  const stopped = { kind: 'consent.stopped', actor: 'householder', version: 1 } as const;
  const body = { ...stopped, consent_ref: newId('consent'), third_party: newId('client') };
  const req = newRequestId();
  const before = await size();
  const forgetful = databases.app.transaction().execute(async (tx) => {
    const closing = await honestClosing(tx);
    await databases.app
      .transaction()
      .execute((other) => ledger.appendPending(other, { req, householdId: household, body }));
    const [waiting] = await tx
      .selectFrom('ledger.pending')
      .select('pending_id')
      .where('req', '=', req)
      .execute();
    assert.ok(waiting);
    await closeBatch(tx, 1, { ...closing, pendingIds: [waiting.pending_id] });
  });
  await assert.rejects(forgetful, /pending/);
  assert.equal(await size(), before);
});
