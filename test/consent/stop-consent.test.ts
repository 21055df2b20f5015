import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type Consent, findConsent, requestConsent, stopConsent } from '../../src/consent/consents.ts';
import { listSteps } from '../../src/consent/step-store.ts';
import { openDatabase } from '../../src/db/database.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { givenConsent, requestOf } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
const errorIs = (code: string) => (error: unknown) => error instanceof StabledoorError && error.code === code;

/** An append that is allowed only while the consent is in force, as a read is. */
const read = (consent: Consent) =>
  ledger.append({
    req: newRequestId(),
    householdId: consent.householdId,
    body: { kind: 'read.dropped', actor: 'broker', store_read: 'a/1' } as const,
    guards: [
      {
        name: 'consent-in-force',
        args: {
          consent_id: consent.consentId,
          version: consent.version,
          meter_ref: consent.meterPoints[0]?.meterRef ?? '',
          third_party: consent.clientId,
        },
      },
    ],
  });

const allEntries = async () =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 100_000))).map((entry) => {
    const { index, body } = parseEntry(entry);
    return { index, ...(JSON.parse(body) as { kind: string; consent_ref?: string }) };
  });

test('a stopped consent refuses the next read', async () => {
  const home = await testHousehold(parts);
  const consent = await givenConsent(parts, home);
  await read(consent);
  const stopped = await stopConsent(parts, { consentId: consent.consentId, occupierId: home.occupierId });
  assert.deepEqual([stopped.recorded, stopped.consent.state], ['entry', 'stopped']);
  await assert.rejects(read(consent), /consent_not_in_force/);
});

test('reads that race a stop all stand before it in the ledger', async () => {
  const home = await testHousehold(parts);
  const consent = await givenConsent(parts, home);
  const reads = Array.from({ length: 150 }, () => read(consent));
  const stop = stopConsent(parts, { consentId: consent.consentId, occupierId: home.occupierId });
  const more = Array.from({ length: 150 }, () => read(consent));
  const receipts = await Promise.allSettled([...reads, ...more]);
  await stop;
  const stopIndex = (await allEntries()).find(
    (entry) => entry.kind === 'consent.stopped' && entry.consent_ref === consent.consentId,
  )?.index;
  assert.ok(stopIndex !== undefined);
  for (const receipt of receipts) {
    if (receipt.status === 'fulfilled') assert.ok(receipt.value.index < stopIndex);
  }
});

test('stopping twice is one stop, and no error', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await givenConsent(parts, home);
  const stop = () => stopConsent(parts, { consentId, occupierId: home.occupierId });
  const outcomes = await Promise.all(Array.from({ length: 8 }, stop));
  assert.equal(outcomes.filter((each) => each.recorded === 'entry').length, 1);
  assert.equal(outcomes.filter((each) => each.recorded === 'before').length, 7);
  const stops = (await allEntries()).filter((entry) => entry.consent_ref === consentId);
  assert.equal(stops.filter((entry) => entry.kind === 'consent.stopped').length, 1);
});

test('a request that was never answered is not stopped but refused or left', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await requestConsent(parts, requestOf(home));
  await assert.rejects(
    stopConsent(parts, { consentId, occupierId: home.occupierId }),
    errorIs('illegal_transition'),
  );
});

test('while the ledger cannot write, a stop is taken all the same, and its entry is written first', async () => {
  const home = await testHousehold(parts);
  const [held, broken] = [await givenConsent(parts, home), await givenConsent(parts, home)];
  // Somebody holds the head for good: the stop must not hang behind it.
  const release = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const holder = databases.owner.transaction().execute(async (tx) => {
    await sql`select 1 from ledger.head where log_id = 1 for update`.execute(tx);
    taken.resolve();
    await release.promise;
  });
  await taken.promise;
  const pressed = performance.now();
  const stopped = await stopConsent(parts, { consentId: held.consentId, occupierId: home.occupierId });
  assert.ok(performance.now() - pressed < 6000, 'a stop waits for the ledger for two seconds, not for ten');
  assert.deepEqual([stopped.recorded, stopped.consent.state], ['pending', 'stopped']);
  const [step] = (await listSteps(databases.app, held.consentId)).slice(-1);
  assert.deepEqual([step?.event, step?.index], ['stop', null]);
  release.resolve();
  await holder;
  // The ledger itself fails, whatever the reason.
  const failing = { ...ledger, appendWithin: () => Promise.reject(new Error('no space left on device')) };
  const without = { db: databases.app, ledger: failing };
  const second = await stopConsent(without, { consentId: broken.consentId, occupierId: home.occupierId });
  assert.equal(second.recorded, 'pending');
  await assert.rejects(read(held), /consent_not_in_force/);
  await assert.rejects(read(broken), /consent_not_in_force/);
  const after = await read(await givenConsent(parts, home));
  const stops = (await allEntries()).filter((entry) => entry.kind === 'consent.stopped');
  const mine = stops.filter((entry) =>
    [held.consentId, broken.consentId].includes(entry.consent_ref as never),
  );
  assert.equal(mine.length, 2);
  for (const stop of mine) assert.ok(stop.index < after.index);
});

test('only when the database does not answer is it not stopped yet, and that is what is said', async () => {
  const home = await testHousehold(parts);
  const { consentId } = await givenConsent(parts, home);
  const url = new URL(databases.urls.app);
  url.port = '1';
  const nowhere = openDatabase({ url: url.href });
  const stop = { consentId, occupierId: home.occupierId };
  await assert.rejects(stopConsent({ db: nowhere, ledger }, stop), errorIs('not_stopped_yet'));
  await nowhere.destroy();
  assert.equal((await findConsent(databases.app, consentId))?.state, 'given');
});
