// The way back after an honest restore, from inside: what was stopped and is lost does not come back, the log that goes on
// takes entries, and both verify together. The whole way, with a real backup, is test/journeys/restore.test.ts.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { breachReport } from '../../src/audit/breach.ts';
import { eraseHousehold, requestErasure } from '../../src/audit/erasure.ts';
import { NotSetBack, type Succession, succeedAfterRestore } from '../../src/audit/succession.ts';
import { successorOrigin } from '../../src/audit/successor-origin.ts';
import { stopConsent } from '../../src/consent/consents.ts';
import { databasesOf } from '../../src/db/provision.ts';
import { orderInput, prepareOrder, recordWithin } from '../../src/lawful/lawful-order.ts';
import { recordSupply } from '../../src/lawful/supplies.ts';
import { findSupply, type Supply } from '../../src/lawful/supply-store.ts';
import { tellOrders } from '../../src/lawful/tell-orders.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { headGuardFileOf } from '../../src/ledger/head-guard.ts';
import { countPending, latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { findLog, tilesAt } from '../../src/ledger/log-download.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { verifyLine } from '../../src/ledger/verify.ts';
import { verifyUrl } from '../../src/ledger/verify-url.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { addDays, localDateAt } from '../../src/lib/local-date.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { restoreThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, bareParty, bareToken, occupierOf, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { closedDay, type TestHome, testHome, testZone } from '../support/journey.ts';
import { moveClock } from '../support/move-clock.ts';
import { ownParty } from '../support/own-access.ts';
import { setBack } from '../support/set-back.ts';

const databases = await testDatabases();
const superuser: Kysely<unknown> = databases.open(
  databases.superuserUrl(databasesOf(databases.name).broker),
  1,
);
let broker: TestBroker;
let party: BareParty;
before(async () => {
  broker = await testBroker({ databases });
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const partsOf = ({ parts: { config, stores, log, ledgerKeys } }: TestBroker) => ({
  databaseUrl: stores.addresses.app,
  log,
  mode: config.mode,
  ledgerKeys,
  keyDir: config.keyDir,
  headGuardFile: config.headGuardFile,
  witnesses: [],
});
const again = async () => {
  await broker.leave();
  broker = await testBroker({ databases, again: broker });
};
const read = async (token: Awaited<ReturnType<typeof bareToken>>) =>
  (await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' }))();

async function verdicts(keys: readonly string[]) {
  const { db, log } = broker.parts;
  const logs = await Promise.all(
    [...log.formers, log].map(async ({ logId }) => {
      const policies = await listPolicies(db, logId);
      return () => exportLog(db, { logId, policies, to: 'newest' });
    }),
  );
  return await verifyLine(logs, { ...nodeCrypto, keys });
}

let home: TestHome;
let stopped: Awaited<ReturnType<typeof bareToken>>;
let succession: Succession;
let formerKey: string;
let supply: Supply;

async function suppliedHome(): Promise<Supply> {
  const { clientId } = await ownParty(broker, 'supplier');
  return await recordSupply(broker.parts, {
    clientId: clientId as ClientId,
    householdId: home.householdId,
    mpan: home.mpan,
  });
}

/** Its day comes in a month. */
async function orderedHome(): Promise<void> {
  const { db, ledger, clock } = broker.parts;
  const { clientId } = await ownParty(broker, 'lawful-authority');
  const days = (count: number) => new Date(clock.nowMs() + count * 86_400_000).toISOString();
  const order = await prepareOrder(
    db,
    clock.nowMs(),
    orderInput.parse({
      ...{ client_id: clientId, instrument: 'court-order', authority: 'a court', reference: 'K1' },
      ...{
        meter_points: [home.mpan],
        resolution: 'P1D',
        from: days(-60).slice(0, 10),
        to: days(-30).slice(0, 10),
      },
      ...{ expires: days(2), opens: days(30) },
    }),
  );
  await db.transaction().execute(async (tx) => {
    await ledger.appendWithin(tx, await recordWithin(tx, ledger, order, null));
  });
}

test('a log of which nothing is known to be missing is not succeeded unless the operator says that a backup was restored', async () => {
  home = await testHome(broker);
  supply = await suppliedHome();
  await orderedHome();
  await broker.parts.watch.look();
  await assert.rejects(succeedAfterRestore(partsOf(broker)), NotSetBack);
  assert.equal(broker.parts.gate.whyShut(), null);
});

test('a log that was set back is closed, its consents end, and its third parties wait', async () => {
  stopped = await bareToken(broker, party, home);
  const other = await bareToken(broker, party, await testHome(broker));
  assert.equal((await read(stopped)).status, 200);
  formerKey = broker.parts.ledger.verifierKey;
  const kept = (await latestCheckpoint(databases.app, 1))?.size as number;
  const stop = async (token: typeof stopped) =>
    stopConsent(broker.parts, {
      consentId: token.consentId,
      occupierId: (await occupierOf(broker, token.consentId)) as never,
    });
  assert.equal((await stop(stopped)).recorded, 'entry');
  await broker.parts.watch.look();
  await broker.leave();

  // As the old backup has it: the stop never was.
  await setBack(superuser, 1, kept);
  await superuser.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    await sql`update consent.consent set state = 'given' where consent_id = ${stopped.consentId}`.execute(tx);
  });
  broker = await testBroker({ databases, again: broker });
  assert.match(broker.parts.gate.whyShut() ?? '', /set back/);
  assert.equal((await read(stopped)).status, 503);
  // A stop is kept meanwhile.
  assert.equal((await stop(other)).recorded, 'pending');

  succession = await succeedAfterRestore(partsOf(broker));
  assert.equal(succession.known.kept.size, kept);
  assert.equal(succession.known.longest.size, kept + 1);
  assert.equal(succession.known.longest.from, 'the head guard');
  assert.equal(succession.successor.origin, `${broker.parts.config.logOrigin}-2`);
  assert.equal(succession.successor.waiting, 1);
  assert.equal(succession.endedConsents, 1);
  assert.equal(succession.suspended.length, 3);
  assert.ok(succession.suspended.includes(party.clientId as ClientId));
  await assert.rejects(succeedAfterRestore(partsOf(broker)), /another has succeeded it/);
  const { rows } = await sql<{ consent_id: string }>`
    select consent_id from notify.mail where kind = 'restored'`.execute(databases.app);
  assert.deepEqual(
    rows.map((row) => row.consent_id),
    [stopped.consentId],
    'its householder is told',
  );
});

test('a broker that was up meanwhile writes nothing more, and says that it must be started again', async () => {
  await broker.parts.watch.look();
  assert.match(broker.parts.gate.whyShut() ?? '', /is closed, and .*-2 goes on: start the broker again/);
  assert.equal((await read(stopped)).status, 503);
});

test('the log that goes on writes the stop that waited, and nothing is read by a consent of the former log', async () => {
  await again();
  const { log, gate, ledger } = broker.parts;
  assert.equal(gate.whyShut(), null);
  assert.equal(log.origin, succession.successor.origin);
  assert.deepEqual(
    log.formers.map(({ logId }) => logId),
    [1],
  );
  const until = performance.now() + 20_000;
  while ((await countPending(databases.app, log.logId)) > 0) {
    assert.ok(performance.now() < until, 'the stop still waits');
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.equal(await countPending(databases.app, 1), 0);
  await restoreThirdParty({ ...broker.parts, ledger }, party.clientId as never);
  assert.equal((await read(stopped)).status, 401);
});

test('asked again, the householder gives again, and readings leave under the log that goes on', async () => {
  const token = await bareToken(broker, party, home);
  const answer = await read(token);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('ledger-entry') ?? '', new RegExp(`^${succession.successor.origin}/\\d+$`));
});

test('both logs verify as one line with the former key alone, and the lost entries are named in words', async () => {
  const [former, next] = await verdicts([formerKey]);
  assert.deepEqual(former?.violations, []);
  assert.deepEqual(next?.violations, []);
  const byThemselves = await verdicts([]);
  assert.ok(
    byThemselves.every(({ sound }) => sound),
    'each export names its key',
  );
  const { kept, longest } = succession.known;
  assert.deepEqual(next?.former, {
    origin: broker.parts.config.logOrigin,
    keptSize: kept.size,
    knownSize: longest.size,
    isVerified: true,
    consentsEnded: 1,
  });
  assert.ok(
    next?.unproven.some((sentence) => sentence.includes(`entries ${kept.size} to ${longest.size - 1}`)),
  );
});

test('what was signed of the former log can be checked as before, at a prefix of its own', async () => {
  const { issuer } = broker;
  const get = (path: string) => fetch(`${issuer}${path}`, { headers: { accept: 'application/json' } });
  const { logs } = (await (await get('/v1/ledger/logs')).json()) as { logs: Record<string, unknown>[] };
  assert.deepEqual(
    logs.map(({ number, origin, prefix, in_force }) => [number, origin, prefix, in_force]),
    [
      [1, succession.former.origin, `${issuer}/ledger/logs/1`, false],
      [2, succession.successor.origin, `${issuer}/ledger/logs/2`, true],
    ],
  );
  for (const [number, key] of [
    [1, formerKey],
    [2, broker.parts.ledger.verifierKey],
  ] as const) {
    const { url, note } = await findLog(`${issuer}/ledger/logs/${number}`);
    const verdict = await verifyUrl(note, tilesAt(url), { ...nodeCrypto, keys: [key], checkpoints: [] });
    assert.deepEqual([verdict.sound, verdict.origin], [true, logs[number - 1]?.origin]);
    const proof = await (await get(`/v1/ledger/proof?index=0&log=${number}`)).json();
    assert.deepEqual([proof.origin, proof.size], [verdict.origin, verdict.size]);
    const growth = await (await get(`/v1/ledger/consistency?from=1&log=${number}`)).json();
    assert.deepEqual([growth.origin, growth.to], [verdict.origin, verdict.size]);
  }
  const newest = async (path: string) => (await get(path)).text();
  assert.equal(await newest('/ledger/checkpoint'), await newest('/ledger/logs/2/checkpoint'));
  const tile = await get('/ledger/logs/1/tile/0/000.p/1');
  assert.equal(tile.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal((await get('/ledger/logs/1/tile/entries/000')).status, 403);
  for (const unknown of [
    '/ledger/logs/3/checkpoint',
    '/ledger/logs/0/checkpoint',
    '/ledger/logs/01/tile/0/000.p/1',
  ])
    assert.equal((await get(unknown)).status, 404, unknown);
  assert.equal((await get('/v1/ledger/proof?index=0&log=3')).status, 404);
});

test('each log keeps a head guard of its own, and the former one goes on knowing the longer log', async () => {
  await broker.parts.watch.look();
  const { headGuardFile } = broker.parts.config;
  assert.match(await readFile(headGuardFile, 'utf8'), new RegExp(`\n${succession.known.longest.size}\n`));
  const file = headGuardFileOf(headGuardFile, broker.parts.log);
  assert.notEqual(file, headGuardFile);
  assert.ok((await readFile(file, 'utf8')).startsWith(`${succession.successor.origin}\n`));
});

test('a backup that is restored once more does not give the log that goes on the name of the one that went on before', async () => {
  // The database that comes out of it knows of no successor; the folder of keys, the head guard and the witnesses do.
  const before = { ...partsOf(broker), log: succession.former };
  assert.equal(succession.successor.origin, `${succession.former.origin}-2`);
  assert.notEqual(await successorOrigin(before), succession.successor.origin);
  assert.equal(
    await successorOrigin({ ...before, keyDir: await testDataFolder() }),
    `${succession.former.origin}-3`,
  );
  await assert.rejects(successorOrigin(before, succession.successor.origin), /a head guard knows it/);
  assert.equal(await successorOrigin(before, 'another.example/log'), 'another.example/log');
});

test('a breach report counts what was read under the former log too', async () => {
  const { db, log, clock } = broker.parts;
  const today = localDateAt(clock.nowMs(), testZone);
  const report = await breachReport(db, {
    logs: [...log.formers, log],
    thirdParty: { clientId: party.clientId as ClientId, retentionDays: 30 },
    ...{ from: today, to: addDays(today, 1), zone: testZone },
  });
  const [reached] = report.households;
  assert.equal(reached?.householdId, home.householdId);
  const origins = reached?.readDuring.map((entry) => entry.slice(0, entry.lastIndexOf('/')));
  assert.deepEqual([...new Set(origins)], [succession.former.origin, log.origin]);
});

test('what was supplied is recorded anew, and an order of the former log is told of in the one that goes on', async () => {
  const { db, log, clock } = broker.parts;
  assert.notEqual((await findSupply(db, supply.supplyId))?.until, null);
  await moveClock(db, 31 * 86_400_000);
  await clock.refresh();
  assert.equal(await tellOrders(broker.parts), 1);
  const told = (await allEntries(db, log.logId)).filter(({ kind }) => kind === 'lawful-order.opened');
  assert.equal(told.length, 2);
  const found = await verdicts([formerKey]);
  assert.deepEqual(
    found.flatMap(({ violations }) => violations),
    [],
  );
});

test('erasing a household reaches what it did in the former log', async () => {
  await requestErasure(broker.parts, home.householdId, { askedBy: 'operator', now: true });
  await eraseHousehold(broker.parts, home.householdId);
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from consent.consent where household_id = ${home.householdId})
      + (select count(*) from subject.entry where household_id = ${home.householdId})
      + (select count(*) from subject.chain where household_id = ${home.householdId})
      + (select count(*) from household.household where household_id = ${home.householdId}) as n`.execute(
    superuser,
  );
  assert.equal(Number(rows[0]?.n), 0);
  const [former, next] = await verdicts([formerKey]);
  assert.ok(former?.sound && next?.sound);
});
