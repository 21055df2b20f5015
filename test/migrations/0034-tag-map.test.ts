import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app, audit } = databases;

test('the application keeps the map and removes nothing of it; nobody else reads it', async () => {
  await sql`insert into tag_map.progress (log_id, size) values (7, 5)`.execute(app);
  await assert.rejects(sql`delete from tag_map.progress`.execute(app), /permission denied/);
  await assert.rejects(sql`select size from tag_map.progress`.execute(audit), /permission denied/);
});

test('a map that covers more than its pages do cannot be kept', async () => {
  await assert.rejects(sql`insert into tag_map.progress values (8, 5, 6, 7)`.execute(app), /check/);
});
