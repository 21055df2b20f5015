import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, owner } = databases;

async function operator(
  name: string,
  proposalId: string | null = null,
  id: string = newId('operator'),
): Promise<string> {
  await sql`insert into operator.operator (operator_id, name, role, added_at, proposal_id)
    values (${id}, ${name}, 'administrator', ledger.now(), ${proposalId})`.execute(app);
  return id;
}

async function proposal(by: string, act: string, payload: object = {}): Promise<string> {
  const id = newId('proposal');
  const [salt, text] = [Buffer.alloc(32), JSON.stringify(payload)];
  const digest = createHash('sha256').update(salt).update(text).digest('base64');
  await sql`insert into operator.proposal (proposal_id, act, payload, salt, digest, proposed_by, proposed_at, expires_at)
    values (${id}, ${act}, ${text}, ${salt}, ${digest}, ${by}, ledger.now(),
      ledger.now() + interval '1 day')`.execute(app);
  return id;
}

const decide = (id: string, by: string, status = 'done') =>
  sql`update operator.proposal set status = ${status}, decided_by = ${by}, decided_at = ledger.now()
    where proposal_id = ${id}`.execute(app);

test('in production two begin, two decide, and nothing that is decided is decided again', async () => {
  await sql`select ledger.open_log(1::smallint, 'test.example/ledger', 'production')`.execute(app);
  const [ann, ben] = [await operator('Ann'), await operator('Ben')];
  await assert.rejects(operator('Eve'), /this takes two operators/);
  const eve = newId('operator');
  const named = { operator: eve, name: 'Cat', role: 'administrator' };
  const adding = await proposal(ann, 'operator-add', named);
  await assert.rejects(operator('Eve', adding), /this takes two operators/, 'while it is open');
  await assert.rejects(decide(adding, ann), /nobody approves what they proposed/);
  await decide(adding, ben);
  const cat = await operator('Cat', adding, eve);
  await assert.rejects(decide(adding, ben, 'declined'), /does not become/);
  const removing = await proposal(ann, 'operator-remove', { operator: cat });
  const remove = () =>
    sql`update operator.operator set removed_at = ledger.now(), removal_id = ${removing}
      where operator_id = ${cat}`.execute(app);
  await assert.rejects(remove(), /this takes two operators/);
  await decide(removing, ben);
  await remove();
  await assert.rejects(decide(await proposal(ann, 'note-approve'), cat), /no operator any more/);
});

test('what was proposed cannot be changed, moved in time or removed by the application', async () => {
  for (const change of [
    "payload = '{}'",
    "digest = 'x'",
    "act = 'x'",
    'expires_at = ledger.now()',
    "proposed_by = 'x'",
  ])
    await assert.rejects(
      sql`update operator.proposal set ${sql.raw(change)}`.execute(app),
      /permission denied/,
    );
  await assert.rejects(sql`delete from operator.proposal`.execute(app), /permission denied/);
  await assert.rejects(
    sql`update operator.credential set public_key = 'x'`.execute(app),
    /permission denied/,
  );
  await assert.rejects(sql`update operator.operator set role = 'x'`.execute(app), /permission denied/);
  const { rows } = await sql<{ proposal_id: string }>`select proposal_id from operator.proposal`.execute(
    owner,
  );
  assert.ok(rows.length > 0);
});

test('what was proposed about a household goes with it', async () => {
  const id = await proposal(
    (await sql<{ operator_id: string }>`select operator_id from operator.operator limit 1`.execute(app))
      .rows[0]?.operator_id ?? '',
    'household-erase',
  );
  const household = newId('household');
  await sql`update operator.proposal set household_id = ${household} where proposal_id = ${id}`.execute(
    owner,
  );
  await sql`select operator.erase_household(1::smallint, ${household})`.execute(owner);
  const { rows } = await sql<{ payload: string | null; salt: Buffer | null; household_id: string | null }>`
    select payload, salt, household_id from operator.proposal where proposal_id = ${id}`.execute(owner);
  assert.deepEqual(rows, [{ payload: null, salt: null, household_id: null }]);
});
