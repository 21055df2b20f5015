// A household's own file: what is left out, cut out or changed in it is found with the file and the log's key alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { eraseHousehold, requestErasure } from '../../src/audit/erasure.ts';
import { readHouseholdChain } from '../../src/audit/household-chain.ts';
import { type ChainFile, formatChainFile, parseChainFile } from '../../src/ledger/chain-file.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { exportLog } from '../../src/ledger/export.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { publishMap } from '../../src/ledger/publish-map.ts';
import { quickDisclosure } from '../../src/ledger/quick-body.ts';
import { readWays } from '../../src/ledger/tag-map-store.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { type ChainVerdict, verifyChainFile } from '../../src/ledger/verify-chain-file.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { listPolicies } from '../../src/policy/policy-store.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { verifyChains } from '../support/chain-verifiers.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, type TestHome, testAccess, testHome, testParty } from '../support/journey.ts';
import { runPythonChain, whyNoPython } from '../support/python-verifier.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let read: () => Promise<{ readings: unknown[] }>;
let file: ChainFile;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  const other = await testHome(broker);
  const party = await testParty(broker);
  const access = await testAccess(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'PT30M' };
  read = async () => (await access.readings(access.meterPoints[0] as string, query)).json();
  await read();
  await testAccess(broker, party, other);
  await publish();
  file = await chain();
});
after(async () => {
  await broker.close();
  await databases.close();
});

const publish = () => publishMap({ ...broker.parts, mapIntervalMs: 0 });
const chain = (householdId = home.householdId, from?: number) =>
  readHouseholdChain(broker.parts, householdId, from);
/** By both verifiers, which must find the same. */
async function verify(one: ChainFile): Promise<ChainVerdict> {
  const keys = [broker.parts.ledger.verifierKey];
  const [verdict] = await verifyChains([{ text: formatChainFile(one), keys }]);
  assert.ok(verdict);
  return verdict;
}
async function finds(one: ChainFile, ...expected: [number | null, string][]): Promise<ChainVerdict> {
  const verdict = await verify(one);
  assert.deepEqual(
    verdict.violations.map(({ number, kind }) => [number, kind]),
    expected,
  );
  assert.equal(verdict.sound, expected.length === 0);
  return verdict;
}
const kinds = (one: ChainFile) =>
  one.entries.map(({ entry }) => JSON.parse(parseEntry(entry).body).kind as string);

test('a household gets its entries, each with its proof, and the proof that there is no further one', async () => {
  assert.deepEqual(kinds(file), [
    'meter-point.linked',
    'consent.requested',
    'consent.given',
    'token.issued',
    'disclosure',
  ]);
  const verdict = await finds(file);
  assert.equal(verdict.first, 0);
  assert.equal(verdict.covered, (verdict.size as number) - 1);
  assert.ok(verdict.unproven.some((sentence) => sentence.includes('court')));
  for (const sentence of verdict.unproven) assert.doesNotMatch(sentence, /\bcomplete/i);
});

test('a disclosure as the door writes it is read the quick way by verification', () => {
  const { entry } = file.entries[4] as ChainFile['entries'][number];
  assert.notEqual(quickDisclosure(parseEntry(entry).body), null);
});

test('its values are opened, and of the readings the salt, with which the readings themselves open', async () => {
  const [linked, , given, , disclosure] = file.entries;
  assert.equal(linked?.opened.meter_point?.value, home.mpan);
  assert.match(JSON.stringify(given?.opened.meter_points?.value), new RegExp(home.mpan));
  assert.equal(typeof disclosure?.opened.proof?.value, 'string');
  assert.equal(disclosure?.opened.readings?.value, undefined);
  const { readings } = await read();
  const withValue = structuredClone(file);
  const opening = withValue.entries[4]?.opened.readings as { value?: unknown };
  opening.value = readings;
  const verdict = await finds(withValue);
  assert.equal(verdict.opened, (await verify(file)).opened + 1);
  opening.value = readings.slice(1);
  await finds(withValue, [4, 'opening_wrong']);
});

/** Tags are random: now and then the way to the next tag ends at the very entry that was left out, and names it. */
const namesOrMisses = ({ violations, sound }: ChainVerdict): boolean => {
  const last = violations.at(-1);
  return !sound && (last?.kind === 'absence_not_shown' || last?.kind === 'entry_withheld');
};

test('a newest entry that is held back is found', async () => {
  const cut = structuredClone(file);
  const held = cut.entries.pop();
  assert.ok(namesOrMisses(await verify(cut)));
  const { spans } = cut.absence as NonNullable<ChainFile['absence']>;
  // The way to where it stands, as a broker would have to show it, and that way with what stands there left out.
  const tag = parseEntry(held?.entry ?? '').stag ?? '';
  const ways = await readWays(broker.parts.db, 1, 1, Buffer.from(tag, 'base64'));
  const [way] = ways.map(({ siblings, found }) => ({
    siblings: siblings.map(encodeBase64),
    found: found && { tag: encodeBase64(found.tag), leaf: encodeBase64(found.leaf) },
  }));
  Object.assign(spans[0] as object, way);
  await finds(cut, [4, 'entry_withheld']);
  Object.assign(spans[0] as object, { found: null });
  await finds(cut, [null, 'absence_not_shown']);
});

test('an entry in the middle that is held back is found', async () => {
  const found = await verify({ ...file, entries: file.entries.toSpliced(2, 1) });
  assert.deepEqual(
    found.violations.slice(0, -1).map(({ number, kind }) => [number, kind]),
    [
      [2, 'entry_of_another'],
      [3, 'entry_of_another'],
    ],
  );
  assert.ok(namesOrMisses(found));
});

test('a changed value, a changed entry and another household’s entry are found', async () => {
  const opened = structuredClone(file);
  (opened.entries[0]?.opened.meter_point as { value: string }).value = '1000000000000';
  await finds(opened, [0, 'opening_wrong']);
  // A name that every object has is none that the entry commits to.
  const named = structuredClone(file);
  const salt = encodeBase64(new Uint8Array(32));
  Object.assign(named.entries[0]?.opened as object, { constructor: { salt, value: 1 } });
  await finds(named, [0, 'opening_wrong']);
  const changed = structuredClone(file);
  const disclosure = changed.entries[4] as { entry: string };
  disclosure.entry = disclosure.entry.replace('"count":48', '"count":47');
  await finds(changed, [4, 'entry_not_in_log']);
  const others = await testHome(broker);
  const foreign = await chain(others.householdId);
  const mixed = { ...file, entries: [...foreign.entries, ...file.entries.slice(1)] };
  const { violations } = await verify({ ...mixed, checkpoint: foreign.checkpoint });
  assert.ok(violations.some(({ number, kind }) => number === 0 && kind === 'entry_of_another'));
});

test('what is only shown under an older map is said to be older', async () => {
  await publish();
  const before = await chain();
  await read();
  const newer = await chain();
  const covered = (await verify(before)).covered as number;
  const verdict = await finds(newer);
  assert.equal(newer.entries.length, before.entries.length + 1);
  assert.equal(verdict.covered, covered);
  assert.ok(covered < (verdict.size as number) - 1);
  assert.match(verdict.unproven[0] as string, /from \d+ on .* older than your newest entry/);
  const older = { ...newer, absence: { ...(before.absence as NonNullable<ChainFile['absence']>) } };
  assert.equal((await verify(older)).sound, false, 'proofs lead to one checkpoint');
  await publish();
  assert.doesNotMatch((await verify(await chain())).unproven[0] as string, /older/);
});

test('without a map nothing is claimed about the newest entry, and a map that is none is found', async () => {
  const verdict = await finds({ ...file, absence: null });
  assert.equal(verdict.covered, null);
  assert.match(verdict.unproven[0] as string, /does not show it/);
  const absence = file.absence as NonNullable<ChainFile['absence']>;
  await finds({ ...file, absence: { ...absence, spans: [] } }, [null, 'map_invalid']);
  const entry = file.entries[0] as ChainFile['entries'][number];
  await finds({ ...file, absence: { ...absence, entry: entry.entry, proof: entry.proof } }, [
    null,
    'map_invalid',
  ]);
});

test('a file from a later entry on holds by itself, and says what it leaves out', async () => {
  await publish();
  const part = await chain(home.householdId, 2);
  const verdict = await finds(part);
  assert.equal(verdict.first, 2);
  assert.ok(verdict.unproven.some((sentence) => sentence.includes('before number 2')));
});

test('another key, a checkpoint of somebody else, or text that is no such file: refused', async () => {
  const otherKey = 'broker.example/audit+fe45b998+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';
  await assert.rejects(verifyChainFile(file, { ...nodeCrypto, keys: [otherKey] }), NoteError);
  await finds({ ...file, checkpoint: file.checkpoint.replace(/\n\d+\n/, '\n1\n') }, [
    null,
    'checkpoint_invalid',
  ]);
  for (const text of noFiles()) assert.throws(() => parseChainFile(text));
});

const noFiles = () => ['', '{}', formatChainFile(file).replace('chain/v1', 'chain/v2')];

test('the second verifier says the same as a command: sound, not sound, and no such file or key', {
  skip: whyNoPython ?? false,
}, () => {
  const key = ['--key', broker.parts.ledger.verifierKey];
  const text = formatChainFile(file);
  const sound = runPythonChain(text, ...key);
  assert.deepEqual([sound.code, sound.err], [0, '']);
  assert.match(sound.out, /^sound: .*5 entries of the household/);
  const held = runPythonChain(formatChainFile({ ...file, entries: file.entries.slice(1) }), ...key, '--json');
  assert.equal(held.code, 1);
  assert.equal(JSON.parse(held.out).violations[0].kind, 'entry_of_another');
  for (const one of noFiles()) assert.equal(runPythonChain(one, ...key).code, 2, one.slice(0, 20));
  assert.equal(runPythonChain(text).code, 2);
});

test('after an erasure the maps still hold, the file is refused, and nothing in the map leads from one entry to another', async () => {
  const { parts } = broker;
  const chainKey = file.chain_key;
  await requestErasure(parts, home.householdId, { askedBy: 'operator', now: true });
  await eraseHousehold(parts, home.householdId);
  await publish();
  const policies = await listPolicies(parts.db, 1);
  const verdict = await verifyLog(exportLog(parts.db, { logId: 1, policies }), {
    ...nodeCrypto,
    keys: [parts.ledger.verifierKey],
  });
  assert.deepEqual(verdict.violations, []);
  assert.ok(verdict.counts.maps >= 4);
  await assert.rejects(chain(), /erased/);
  const { rows } = await sql<{ kept: number }>`
    select (select count(*) from subject.entry where household_id = ${home.householdId})
      + (select count(*) from subject.chain where household_id = ${home.householdId}) as kept`.execute(
    databases.owner,
  );
  assert.equal(rows[0]?.kept, 0);
  const { rows: columns } = await sql<{ column_name: string }>`
    select column_name from information_schema.columns where table_schema = 'tag_map'`.execute(
    databases.owner,
  );
  assert.ok(columns.every(({ column_name }) => !/household|sseq|occupier/.test(column_name)));
  const pages = await sql<{ slots: Buffer }>`select slots from tag_map.page`.execute(databases.owner);
  assert.ok(pages.rows.every(({ slots }) => !slots.includes(Buffer.from(chainKey, 'base64'))));
});
