// The likenesses of names: of registered third parties only, and never changed or taken away by the application.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

test('a likeness belongs to a registered third party', async () => {
  await assert.rejects(
    sql`insert into registry.name_likeness (likeness, client_id) values ('acme', 'client_unknown')`.execute(
      app,
    ),
    /foreign key/,
  );
});

test('the application neither changes nor deletes one', async () => {
  await assert.rejects(
    sql`update registry.name_likeness set likeness = 'x'`.execute(app),
    /permission denied/,
  );
  await assert.rejects(sql`delete from registry.name_likeness`.execute(app), /permission denied/);
});
