// What the migrations make, read from the catalogue, is what is committed: a table, a function or a right that comes,
// goes or changes shows in a diff. After a migration: `npm run schema`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { catalogueOf } from '../support/catalogue.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());

const asText = { serializers: [(text: string) => text] };
const updating = process.execArgv.includes('--test-update-snapshots');

for (const [name, url] of [
  ['broker', databases.urls.owner],
  ['meter-store', databases.urls.meterStoreOwner],
  ['subject-keys', databases.urls.subjectKeysOwner],
] as const) {
  test(`the schema of the ${name} database is the committed one`, async (t) => {
    const file = join(import.meta.dirname, `schema/${name}.txt`);
    const found = await catalogueOf(databases.open(url, 1));
    if (!updating) assert.deepEqual(difference(readFileSync(file, 'utf8'), found), []);
    t.assert.fileSnapshot(found, file, asText);
  });
}

/** The lines of one alone, as a diff shows them: two texts of hundreds of lines tell nobody where they differ. */
function difference(committed: string, found: string): string[] {
  const [before, now] = [committed, found].map((text) => text.split('\n')) as [string[], string[]];
  const gone = before.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
  return [...gone, ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)];
}
