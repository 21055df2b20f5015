// What the migrations make, read from the catalogue, is what is committed: a table, a function or a right that comes,
// goes or changes shows in a diff. After a migration: `npm run schema`.
import { join } from 'node:path';
import { after, test } from 'node:test';
import { catalogueOf } from '../support/catalogue.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

const snapshot = (name: string): string => join(import.meta.dirname, `schema/${name}.txt`);
const asText = { serializers: [(text: string) => text] };

for (const [name, url] of [
  ['broker', databases.urls.owner],
  ['meter-store', databases.urls.meterStoreOwner],
  ['subject-keys', databases.urls.subjectKeysOwner],
] as const) {
  test(`the schema of the ${name} database is the committed one`, async (t) => {
    t.assert.fileSnapshot(await catalogueOf(databases.open(url, 1)), snapshot(name), asText);
  });
}
