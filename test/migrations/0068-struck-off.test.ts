import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const { app } = databases;
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

test('who is struck off stays suspended, and the application can neither strike off nor take it back by itself', async () => {
  const { registration } = await testRegistration();
  const { clientId } = await registerThirdParty({ db: app, ledger, production: false }, registration);
  await assert.rejects(
    sql`update registry.third_party set struck_off_at = ledger.now()`.execute(app),
    /denied/,
  );
  const strike = async () =>
    (await sql<{ done: boolean }>`select registry.strike_off(null, ${clientId}, 'why') as done`.execute(app))
      .rows[0]?.done;
  assert.equal(await strike(), true);
  assert.equal(await strike(), false, 'once');
  await assert.rejects(
    sql`update registry.third_party set status = 'active', suspended_reason = null`.execute(app),
    /struck_off_is_suspended/,
  );
  await sql`update ledger.log set mode = 'production' where log_id = 1`.execute(databases.owner);
  await assert.rejects(strike(), { code: 'SD014' }, 'in production two operators decide it');
});
