import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit } = databases;

const publish = (digest: string, text = 'permit (principal, action, resource);', place = 1) =>
  sql`insert into policy.published (log_id, place, digest, text, published_at, effective_at, weakens)
    values (1, ${place}, ${digest}, ${text}, date_trunc('second', ledger.now()), date_trunc('second', ledger.now()), false)`.execute(
    app,
  );
const digest = `${'A'.repeat(43)}=`;

test('a text is published once, under a digest that can be one', async () => {
  await publish(digest);
  await assert.rejects(publish(digest, 'forbid (principal, action, resource);'), /duplicate key/);
  for (const wrong of ['', 'AAAA', `${'A'.repeat(44)}`, `${'-'.repeat(43)}=`])
    await assert.rejects(publish(wrong, 'x', 2), /check constraint/, wrong);
  await assert.rejects(publish(`${'B'.repeat(43)}=`, '', 2), /check constraint/);
});

test('what was published is neither changed nor taken back, and the regulator reads it', async () => {
  await assert.rejects(sql`update policy.published set text = 'x'`.execute(app), /permission denied/);
  await assert.rejects(sql`delete from policy.published`.execute(app), /permission denied/);
  const { rows } = await sql`select digest from policy.published`.execute(audit);
  assert.deepEqual(rows, [{ digest }]);
  await assert.rejects(sql`delete from policy.published`.execute(audit), /permission denied/);
});
