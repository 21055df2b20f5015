import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

const [ann, ben] = [newId('operator'), newId('operator')];
const digestOf = (letter: string) => `${letter.repeat(42)}A=`;
const publish = (
  place: number,
  letter: string,
  { proposal = null as string | null, weakens = false, text = 'x', log = 1 } = {},
) =>
  sql`insert into policy.published (log_id, place, digest, text, published_at, effective_at, weakens, proposal_id)
    values (${log}, ${place}, ${digestOf(letter)}, ${text}, date_trunc('second', ledger.now()),
      date_trunc('second', ledger.now()) + ${weakens ? '31 days' : '0'}::interval, ${weakens}, ${proposal})`.execute(
    app,
  );

async function proposed(payload: object): Promise<string> {
  const id = newId('proposal');
  const [salt, text] = [randomBytes(32), JSON.stringify(payload)];
  const digest = createHash('sha256').update(salt).update(text).digest('base64');
  await sql`insert into operator.proposal (proposal_id, act, payload, salt, digest, proposed_by, proposed_at, expires_at)
    values (${id}, 'policy-publish', ${text}, ${salt}, ${digest}, ${ann}, ledger.now(), ledger.now() + interval '1 day')`.execute(
    app,
  );
  return id;
}
const approve = (id: string) =>
  sql`update operator.proposal set status = 'done', decided_by = ${ben}, decided_at = ledger.now()
    where proposal_id = ${id}`.execute(app);

test('outside production one operator publishes', async () => {
  await sql`select ledger.open_log(9::smallint, 'sandbox.example/ledger', 'sandbox')`.execute(app);
  await publish(1, 'A', { log: 9 });
  await publish(2, 'B', { log: 9 });
});

before(async () => {
  for (const [id, name] of [
    [ann, 'Ann'],
    [ben, 'Ben'],
  ])
    await sql`insert into operator.operator (operator_id, name, role, added_at)
      values (${id}, ${name}, 'administrator', ledger.now())`.execute(app);
});

test('in production the first set is what the log begins with, and every other is approved by two', async () => {
  await sql`select ledger.open_log(1::smallint, 'test.example/ledger', 'production')`.execute(app);
  await publish(1, 'A');
  await assert.rejects(publish(2, 'B'), { code: 'SD014' });
  const proposal = await proposed({ policy: digestOf('B'), text: 'x', weakens: false });
  await assert.rejects(publish(2, 'B', { proposal }), { code: 'SD014' }, 'while it is open');
  await approve(proposal);
  for (const other of [
    () => publish(2, 'C', { proposal }),
    () => publish(2, 'B', { proposal, text: 'y' }),
    () => publish(2, 'B', { proposal, weakens: true }),
  ])
    await assert.rejects(other(), { code: 'SD016' });
  await publish(2, 'B', { proposal });
  await assert.rejects(publish(3, 'B', { proposal }), { code: 'SD017' });
});

test('of two processes that publish it at once, one does', async () => {
  const proposal = await proposed({ policy: digestOf('C'), text: 'x', weakens: false });
  await approve(proposal);
  const outcomes = await Promise.allSettled([3, 4].map((place) => publish(place, 'C', { proposal })));
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a log that goes on begins with the set in force before', async () => {
  await sql`insert into ledger.log (log_id, origin, mode, opened_at, succeeds)
    values (2, 'next.example/ledger', 'production', ledger.now(), 1)`.execute(owner);
  await assert.rejects(publish(1, 'D', { log: 2 }), { code: 'SD014' });
  await publish(1, 'C', { log: 2 });
});
