import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { newId } from '../../src/lib/ids.ts';
import { registerThirdParty, restoreThirdParty, suspendThirdParty } from '../../src/registry/registry.ts';
import { findThirdParty, listThirdParties } from '../../src/registry/registry-store.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger } from '../support/ledger.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger, production: false };

const bodies = async (): Promise<Record<string, unknown>[]> =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 100))).map((text) =>
    JSON.parse(parseEntry(text).body),
  );

test('outside production a registered third party is active at once, and the ledger says so', async () => {
  const { registration } = await testRegistration();
  const thirdParty = await registerThirdParty(parts, registration);
  assert.equal(thirdParty.status, 'active');
  assert.deepEqual(await findThirdParty(databases.app, thirdParty.clientId), thirdParty);
  const { req, ...body } = (await bodies()).at(-1) ?? {};
  assert.deepEqual(body, {
    kind: 'third-party.registered',
    actor: 'operator',
    third_party: thirdParty.clientId,
    class: 'energy-adviser',
    group: registration.group,
    purposes: ['energy-advice'],
  });
});

test('in production it waits for approval and is not in the ledger yet', async () => {
  const before = (await bodies()).length;
  const { registration } = await testRegistration();
  const thirdParty = await registerThirdParty({ ...parts, production: true }, registration);
  assert.equal(thirdParty.status, 'pending');
  assert.equal((await bodies()).length, before);
});

test('a suspension and its end are entries, and each happens once', async () => {
  const { registration } = await testRegistration();
  const { clientId } = await registerThirdParty(parts, registration);
  const outcomes = await Promise.allSettled(
    [1, 2, 3].map(() => suspendThirdParty(parts, clientId, 'under inquiry')),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(suspendThirdParty(parts, clientId, 'again'), { code: 'illegal_transition' });
  await restoreThirdParty(parts, clientId);
  await assert.rejects(restoreThirdParty(parts, clientId), { code: 'illegal_transition' });
  await assert.rejects(suspendThirdParty(parts, newId('client'), 'who?'), { code: 'not_found' });
  const kinds = (await bodies()).filter((body) => body.third_party === clientId).map((body) => body.kind);
  assert.deepEqual(kinds, ['third-party.registered', 'third-party.suspended', 'third-party.restored']);
});

test('a registration that is refused says every fault and leaves nothing behind', async () => {
  const before = [await listThirdParties(databases.app), await bodies()];
  const { registration } = await testRegistration({
    redirectUris: ['http://brightwatt.example/cb'],
    purposes: ['underwriting'],
  });
  await assert.rejects(registerThirdParty(parts, registration), /loopback.*underwriting/);
  const { registration: shared } = await testRegistration({ recipients: [newId('client')] });
  await assert.rejects(registerThirdParty(parts, shared), /recipient/);
  assert.deepEqual([await listThirdParties(databases.app), await bodies()], before);
});

test('a suspension whose entry cannot be written does not happen', async () => {
  const { registration } = await testRegistration();
  const { clientId } = await registerThirdParty(parts, registration);
  const broken = { ...ledger, appendWithin: () => Promise.reject(new Error('the ledger is down')) };
  await assert.rejects(suspendThirdParty({ ...parts, ledger: broken }, clientId, 'x'), /down/);
  assert.equal((await findThirdParty(databases.app, clientId))?.status, 'active');
});
