import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

test('a helper is somebody only once they accepted, and the application cannot make one of another household', async () => {
  const home = await testHousehold({ db: app, ledger });
  await sql`insert into household.helper (helper_id, household_id, email, token_hash, invited_at, expires_at)
    values (${newId('helper')}, ${home.householdId}, 'a@b.example', ${randomBytes(32)}, ledger.now(),
      ledger.now() + interval '7 days')`.execute(app);
  await assert.rejects(sql`update household.helper set accepted_at = ledger.now()`.execute(app), /check/);
  for (const statement of [
    sql`update household.helper set household_id = 'x'`,
    sql`update household.helper set email = 'x@y.z'`,
    sql`update household.helper set expires_at = ledger.now()`,
    sql`delete from household.helper`,
    sql`update household.authority set kind = 'deputy'`,
    sql`select household.erase_helpers(1::smallint, 'x')`,
  ])
    await assert.rejects(statement.execute(app), /permission denied/);
});
