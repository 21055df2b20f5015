// Old notices are found by an index of those that wait.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

test('the notices that have waited longest are found by their time', async () => {
  await sql`insert into notify.notice (client_id, event, subject, happened_at, due_at)
    select 'c' || i % 50, 'consent-over', 's', ledger.now() - i * interval '1 minute', ledger.now()
      from generate_series(1, 5000) i`.execute(databases.owner);
  await sql`analyze notify.notice`.execute(databases.owner);
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain select notice_id from notify.notice
    where outcome is null and happened_at < ledger.now() - interval '3 days' order by happened_at limit 100`.execute(
    databases.owner,
  );
  assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /notice_old/);
});
