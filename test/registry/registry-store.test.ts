import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '../../src/lib/ids.ts';
import { changeStatus, insertThirdParty } from '../../src/registry/registry-change-store.ts';
import {
  countKnown,
  findReach,
  findThirdParty,
  listThirdParties,
} from '../../src/registry/registry-store.ts';
import type { ThirdParty } from '../../src/registry/third-party.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const { app } = databases;

const thirdParty: ThirdParty = {
  clientId: newId('client'),
  name: 'Brightwatt Ltd',
  tradingName: 'Brightwatt',
  class: 'energy-adviser',
  group: 'Bright Group plc',
  registrationNumber: '01234567',
  status: 'active',
  redirectUris: ['https://brightwatt.example/cb', 'https://brightwatt.example/a,"b'],
  purposes: ['energy-advice', 'automation'],
  jwks: { keys: [{ kty: 'EC', crv: 'P-256', kid: 'a', x: 'x', y: 'y' }] },
  jwksUri: null,
  jwksFetchedAt: null,
  detailTypes: ['meter_readings'],
  recipients: [newId('client')],
  retentionDays: 30,
  ethicsNumber: null,
  notes: { 'advice-1': 'We look at your bills.', 'advice-2': 'We "quote".' },
};

test('a third party comes back from the store as it went in', async () => {
  await app.transaction().execute((tx) => insertThirdParty(tx, thirdParty));
  assert.deepEqual(await findThirdParty(app, thirdParty.clientId), thirdParty);
  assert.equal(await findThirdParty(app, newId('client')), null);
  assert.deepEqual(await listThirdParties(app), [thirdParty]);
  assert.equal(await countKnown(app, [thirdParty.clientId, newId('client')]), 1);
});

test('a change of status happens once', async () => {
  const suspend = () =>
    app
      .transaction()
      .execute((tx) =>
        changeStatus(tx, thirdParty.clientId, { from: 'active', to: 'suspended', suspendedReason: 'fraud' }),
      );
  assert.deepEqual((await Promise.all([suspend(), suspend(), suspend()])).filter(Boolean), [true]);
  assert.equal((await findThirdParty(app, thirdParty.clientId))?.status, 'suspended');
});

test('what a third party reaches is its group and its recipients, without itself and without who waits for approval', async () => {
  const add = async (changes: Partial<ThirdParty>) => {
    const added = { ...thirdParty, clientId: newId('client'), notes: {}, ...changes };
    await app.transaction().execute((tx) => insertThirdParty(tx, added));
    return added;
  };
  const group = 'Reach plc';
  const insurer = await add({ class: 'insurer', group: 'Other plc' });
  const gone = await add({ class: 'researcher', group: 'Third plc', status: 'pending' });
  await add({ class: 'advertiser', group });
  await add({ class: 'council', group, status: 'pending' });
  await add({ class: 'price-comparison', group: 'Fourth plc' });
  const asking = await add({ group, recipients: [insurer.clientId, gone.clientId] });
  assert.deepEqual(await findReach(app, asking), {
    groupClasses: ['advertiser'],
    recipientClasses: ['insurer', 'researcher'],
    recipientsNotActive: 1,
  });
});
