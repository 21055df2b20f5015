import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import type { MeterStoreTables } from '../../../src/db/tables/meter-store.ts';
import { assertReadOnly } from '../../../src/metering/sources/read-only.ts';
import { testDatabases } from '../../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const owner = databases.open<MeterStoreTables>(databases.urls.meterStoreOwner, 1);
const reader = databases.open<MeterStoreTables>(databases.urls.meterReader);

const failsAfter = async (grant: string, undo: string, naming: RegExp): Promise<void> => {
  await sql.raw(grant).execute(owner);
  try {
    await assert.rejects(assertReadOnly(reader), naming, grant);
  } finally {
    await sql.raw(undo).execute(owner);
  }
  await assertReadOnly(reader);
};

test('P9: the reader of the meter store passes, as migrated', async () => {
  await assertReadOnly(reader);
});

test('P9: any right to write, however it was given, stops the start and is named', async () => {
  const role = 'stabledoor_meter_reader';
  for (const right of ['insert', 'update', 'delete', 'truncate'])
    await failsAfter(
      `grant ${right} on meter.day to ${role}`,
      `revoke ${right} on meter.day from ${role}`,
      /may write to meter\.day/,
    );
  await failsAfter(
    `grant update (readings) on meter.day to stabledoor_reader`,
    `revoke update (readings) on meter.day from stabledoor_reader`,
    /stabledoor_reader may write to meter\.day/,
  );
  await failsAfter(
    `grant insert on meter.former_day to public`,
    `revoke insert on meter.former_day from public`,
    /may write to meter\.former_day/,
  );
  await failsAfter(
    `grant usage on sequence meter.read_number to ${role}`,
    `revoke usage on sequence meter.read_number from ${role}`,
    /may move the sequence/,
  );
  await failsAfter(
    `grant create on schema meter to ${role}`,
    `revoke create on schema meter from ${role}`,
    /may make things in the schema meter/,
  );
});

test('P9: a back door through a function with its owner’s rights is found', async () => {
  await failsAfter(
    `create function meter.wipe() returns void language sql security definer as 'delete from meter.day'`,
    'drop function meter.wipe()',
    /may execute meter\.wipe/,
  );
});

test('P9: the importer, the owner and a superuser are refused as readers', async () => {
  const { urls } = databases;
  const superuserUrl = databases.superuserUrl(new URL(urls.meterReader).pathname.slice(1));
  for (const url of [urls.importer, urls.meterStoreOwner, superuserUrl]) {
    const db: Kysely<MeterStoreTables> = databases.open(url, 1);
    await assert.rejects(assertReadOnly(db), /must be read only/, url);
  }
});
