import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

const digestOf = (letter: string) => `${letter.repeat(42)}A=`;
const publish = (place: number, letter: string, notice: string, weakens = false) =>
  sql`insert into policy.published (log_id, place, digest, text, published_at, effective_at, weakens)
    values (1, ${place}, ${digestOf(letter)}, 'x', date_trunc('second', ledger.now()), date_trunc('second', ledger.now()) + ${notice}::interval, ${weakens})`.execute(
    app,
  );
const refused = async (letter: string) =>
  (
    await sql<{ reason: string }>`select reason from policy.guard_current(1::smallint,
      ${JSON.stringify([{ position: 0, args: { digest: digestOf(letter) } }])}::jsonb)`.execute(
      databases.owner,
    )
  ).rows.map((row) => row.reason);

test('of the sets in effect the one published last is current, and one that waits never is after it', async () => {
  assert.deepEqual(await refused('A'), ['policy_changed']);
  await publish(1, 'A', '0');
  assert.deepEqual(await refused('A'), []);
  await publish(2, 'B', '31 days', true);
  assert.deepEqual([await refused('A'), await refused('B')], [[], ['policy_changed']]);
  await publish(3, 'C', '0');
  assert.deepEqual([await refused('A'), await refused('C')], [['policy_changed'], []]);
  // What was in force once may be published again.
  await publish(4, 'A', '0');
  assert.deepEqual(await refused('A'), []);
});

test('a weakening has thirty days of notice, and no set binds before it was published', async () => {
  await assert.rejects(publish(5, 'D', '29 days', true), /check/);
  await assert.rejects(publish(5, 'D', '-1 second'), /check/);
  await assert.rejects(publish(4, 'D', '0'), /duplicate key/);
});
