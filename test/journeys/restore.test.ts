// The whole way back from an old backup, as an operator goes it: backup beside a running broker, life goes on, the
// database is lost, the backup comes back and is refused, a stop is kept meanwhile, the log is succeeded, readings leave
// again, and both logs verify in two programs that share no code.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { sql } from 'kysely';
import { makeBackup } from '../../src/cli/backup.ts';
import { restoreBackup } from '../../src/cli/restore.ts';
import { readConfig } from '../../src/config.ts';
import { stopConsent } from '../../src/consent/consents.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { formatExportLine } from '../../src/ledger/export-format.ts';
import { countPending, latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { restoreThirdParty } from '../../src/registry/registry.ts';
import { type BareParty, bareParty, bareToken, occupierOf, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';
import { runPythonLine, whyNoPython } from '../support/python-verifier.ts';

let broker: TestBroker;
const folder = await testDataFolder(async () => broker?.close());
const [lost, fresh, backup] = ['lost', 'fresh', 'backup'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const guard = join(folder, 'guard/head');
const request = { subjectKeys: backup, nothingSince: false };
type Token = Awaited<ReturnType<typeof bareToken>>;

let party: BareParty;
let home: TestHome;
let stoppedSince: Token;
let stoppedMeanwhile: Token;
let formerKey: string;
let sizes: { kept: number; known: number };

before(async () => {
  await mkdir(lost, { mode: 0o755 });
  await mkdir(fresh, { mode: 0o755 });
  broker = await testBroker({
    databases: null,
    environment: { STABLEDOOR_DATA_DIR: lost, STABLEDOOR_HEAD_GUARD_FILE: guard },
  });
  party = await bareParty(broker);
});

const command = async (...args: string[]) => {
  const ran = await stabledoor(broker.environment, [...args, '--json']);
  return { ...ran, answer: ran.out === '' ? null : JSON.parse(ran.out) };
};
const sizeNow = async () => (await latestCheckpoint(broker.parts.db, broker.parts.log.logId))?.size as number;
const read = async (token: Token) =>
  (await readyRead(broker, party, token, { ...closedDay(broker), resolution: 'P1D' }))();
const stop = async (token: Token) =>
  stopConsent(broker.parts, {
    consentId: token.consentId,
    occupierId: (await occupierOf(broker, token.consentId)) as never,
  });
/** Starts on another data folder, with the settings as they were. */
async function startOn(dataDir: string): Promise<void> {
  const environment = { ...broker.environment, STABLEDOOR_DATA_DIR: dataDir };
  broker = await testBroker({ databases: null, again: { ...broker, environment } });
}

test('a backup is made beside a running broker, and never into a folder that is not empty', async () => {
  home = await testHome(broker);
  stoppedSince = await bareToken(broker, party, home);
  stoppedMeanwhile = await bareToken(broker, party, await testHome(broker));
  assert.equal((await read(stoppedSince)).status, 200);
  formerKey = broker.parts.ledger.verifierKey;
  const made = await command('backup', backup);
  assert.equal(made.code, 0, made.err);
  assert.equal(made.answer.entries, await sizeNow());
  assert.equal(made.answer.subject_keys, true);
  await assert.rejects(makeBackup(broker.parts.config, backup, { subjectKeys: true }), /is not empty/);
});

test('a backup that was changed is not restored, nor one of another mode, nor over what is there', async () => {
  const file = join(backup, 'broker/ledger.entry.copy');
  const whole = await readFile(file);
  const bent = Buffer.from(whole);
  bent[bent.length >> 1] = (bent[bent.length >> 1] as number) ^ 1;
  await writeFile(file, bent);
  const restore = (changes: Record<string, string>) =>
    restoreBackup(readConfig({ ...broker.environment, ...changes }), backup, request);
  const elsewhere = { STABLEDOOR_DATA_DIR: fresh };
  await assert.rejects(restore(elsewhere), /ledger\.entry\.copy is not the file that was written/);
  await writeFile(file, whole);
  await assert.rejects(restore({ ...elsewhere, STABLEDOOR_MODE: 'sandbox' }), /is of demo mode/);
  await assert.rejects(restore({}), /nothing is overwritten/);
  const own = { DATABASE_URL: 'postgres://x/a', STABLEDOOR_METER_STORE_URL: 'postgres://x/b' };
  await assert.rejects(
    restore({ ...own, STABLEDOOR_SUBJECT_KEYS_URL: 'postgres://x/c' }),
    /with your server’s own tools/,
  );
});

test('what came after the backup is lost with the database, and what comes back is not written to', async () => {
  sizes = { kept: await sizeNow(), known: 0 };
  assert.equal((await stop(stoppedSince)).recorded, 'entry');
  await testHome(broker);
  sizes.known = await sizeNow();
  await broker.leave();
  await rm(lost, { recursive: true, force: true });

  const environment = { ...broker.environment, STABLEDOOR_DATA_DIR: fresh };
  const restored = await stabledoor(environment, ['restore', backup, '--json']);
  assert.equal(restored.code, 0, restored.err);
  assert.deepEqual(JSON.parse(restored.out), {
    ...JSON.parse(restored.out),
    mode: 'demo',
    entries: sizes.kept,
    subject_keys: true,
    subject_keys_too_old: false,
    writable: false,
  });
  await startOn(fresh);
  assert.equal(await sizeNow(), sizes.kept);
  assert.match(broker.parts.gate.whyShut() ?? '', /was restored from a backup of/);
  const { rows } = await sql<{ state: string }>`
    select state from consent.consent where consent_id = ${stoppedSince.consentId}`.execute(broker.parts.db);
  assert.equal(rows[0]?.state, 'given', 'the stop is not in the backup');
  assert.equal((await read(stoppedSince)).status, 503);
  assert.equal((await stop(stoppedMeanwhile)).recorded, 'pending');
  assert.equal(await sizeNow(), sizes.kept);
});

test('the log is succeeded once, by the command', async () => {
  const done = await command('ledger', 'succeed');
  assert.equal(done.code, 0, done.err);
  const { former, origin, missing, known_from, consents_ended, third_parties_suspended } = done.answer;
  assert.deepEqual(missing, { from: sizes.kept, to: sizes.known - 1 });
  assert.equal(origin, `${former}-2`);
  assert.equal(known_from, 'the head guard');
  assert.equal(consents_ended, 1);
  assert.deepEqual(third_parties_suspended, [party.clientId]);
  await broker.leave();
  await startOn(fresh);
  assert.equal(broker.parts.gate.whyShut(), null);
});

test('nothing is read by what was given before; asked again, readings leave under the log that goes on', async () => {
  const until = performance.now() + 20_000;
  while ((await countPending(broker.parts.db, broker.parts.log.logId)) > 0) {
    assert.ok(performance.now() < until, 'the stop still waits');
    await new Promise((done) => setTimeout(done, 50));
  }
  await restoreThirdParty(broker.parts, party.clientId as never);
  assert.equal((await read(stoppedSince)).status, 401);
  const answer = await read(await bareToken(broker, party, home));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('ledger-entry') ?? '', /-2\/\d+$/);
});

test('exported, both verify offline with the former key alone, here and in Python', async () => {
  const { db, log } = broker.parts;
  const files = await Promise.all(
    [...log.formers, log].map(async ({ logId }, i) => {
      const out = join(folder, `export-${i}`);
      const lines: string[] = [];
      const policies = await listPolicies(db, logId);
      for await (const line of exportLog(db, { logId, policies })) lines.push(formatExportLine(line));
      await writeFile(out, lines.join(''));
      return out;
    }),
  );
  const [former, next] = files as [string, string];
  const here = await stabledoor({}, [
    ...['ledger', 'verify', '--export', next, '--former', former, '--key', formerKey],
  ]);
  assert.equal(here.code, 0, here.err);
  assert.match(here.out, new RegExp(`entries ${sizes.kept} to ${sizes.known - 1} of .* they are lost`));
  if (whyNoPython !== null) return;
  const python = runPythonLine([former, next], '--key', formerKey, '--json');
  assert.equal(python.code, 0, python.out + python.err);
  assert.equal(JSON.parse(python.out).former.verified, true);
});

test('the same backup once more is known for old, even with the mark of the restore gone', async () => {
  await broker.leave();
  const second = join(folder, 'second');
  await mkdir(second, { mode: 0o755 });
  const environment = { ...broker.environment, STABLEDOOR_DATA_DIR: second };
  const restored = await restoreBackup(readConfig(environment), backup, { ...request, nothingSince: true });
  assert.equal(restored.writable, true);
  await rm(`${guard}.restored`);
  await startOn(second);
  assert.match(broker.parts.gate.whyShut() ?? '', /has been set back: the head guard/);
});
