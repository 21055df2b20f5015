// P10: the regulator needs only the export. It verifies offline with the log's key; it proves of each recorded
// disclosure a recorded consent in force, not only that hashes match; and it says in words what it cannot prove.
// Every kind of violation is shown in test/ledger/verify-*.test.ts; here is an operator who lies with the log's own key.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Guard } from '../../src/ledger/ledger.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { type BareToken, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { launcher, stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries, type PlacedEntry } from '../support/entries.ts';
import { closedDay, type TestHome, testHome } from '../support/journey.ts';

const databases = await testDatabases();
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-export-'));
let broker: TestBroker;
let home: TestHome;
let token: BareToken;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  const party = await bareParty(broker);
  token = await bareToken(broker, party, home);
  const query = { ...closedDay(broker), resolution: 'P1D' };
  assert.equal((await (await readyRead(broker, party, token, query))()).status, 200);
});
after(async () => {
  await broker.close();
  await databases.close();
  await rm(folder, { recursive: true });
});

interface Verdict {
  readonly sound: boolean;
  readonly violations: { index: number | null; kind: string }[];
}

async function exported(name: string): Promise<string> {
  const file = join(folder, name);
  const ran = await stabledoor(broker.environment, ['ledger', 'export', '--out', file]);
  assert.equal(ran.code, 0, ran.err);
  return file;
}

/** As somebody elsewhere would: no setting, no key folder, nothing but the file and the key. */
const verify = (file: string, ...more: string[]) =>
  stabledoor({}, ['ledger', 'verify', '--export', file, '--key', broker.parts.ledger.verifierKey, ...more]);

test('the export alone is sound, and what it cannot prove is said in words', async () => {
  const file = await exported('honest.ndjson');
  const ran = await verify(file);
  assert.equal(ran.code, 0, ran.err + ran.out);
  for (const words of [/mailed code|sandbox/i, /witness/i, /past the door|numbered/i])
    assert.match(ran.out, words);
});

test('verification opens no connection: in a process that cannot, it says the same', async () => {
  const file = await exported('alone.ndjson');
  const guard = join(folder, 'no-network.mjs');
  await writeFile(
    guard,
    `import net from 'node:net'; import dns from 'node:dns';
     const refuse = () => { throw new Error('a connection was opened'); };
     net.Socket.prototype.connect = refuse; dns.lookup = refuse;`,
  );
  const args = ['ledger', 'verify', '--export', file, '--key', broker.parts.ledger.verifierKey, '--json'];
  const ran = await stabledoor({ NODE_OPTIONS: `--import ${guard}` }, args);
  assert.equal(ran.code, 0, ran.err);
  assert.equal((JSON.parse(ran.out) as Verdict).sound, true, launcher);
});

/** What an operator would write who has the key, the database and no conscience: an entry without its guards. */
async function forged(change: Partial<Record<string, unknown>>): Promise<number> {
  const { index: _, ...honest } = (await allEntries(databases.app)).find(
    ({ kind }) => kind === 'disclosure',
  ) as PlacedEntry;
  const { req: _req, commit: _commit, ...body } = honest as Record<string, unknown>;
  const none: Guard[] = [];
  const receipt = await broker.parts.ledger.append({
    req: newRequestId(),
    householdId: home.householdId,
    body: { ...body, store_read: '1/1', ...change } as never,
    personal: { readings: [], proof: 'none', meter_point: home.mpan },
    guards: none,
  });
  return receipt.index;
}

test('disclosures that no consent covers are named, though every hash and signature is right', async () => {
  const lies: [Partial<Record<string, unknown>>, RegExp][] = [
    [{ resolution: 'PT30M', store_read: '1/1', window: { from: '2019-01-01', to: '2019-01-02' } }, /window/],
    [{ purpose: 'underwriting', store_read: '1/2' }, /purpose/],
    [{ consent_ref: `consent_${'0'.repeat(22)}`, store_read: '1/3' }, /consent/],
    [{ version: 2, store_read: '1/4' }, /version/],
  ];
  const places: number[] = [];
  for (const [change] of lies) places.push(await forged(change));
  const ran = await verify(await exported('lies.ndjson'), '--json');
  assert.equal(ran.code, 1);
  const { violations } = JSON.parse(ran.out) as Verdict;
  for (const [i, [change, kind]] of lies.entries())
    assert.ok(
      violations.some((found) => found.index === places[i] && kind.test(found.kind)),
      `${JSON.stringify(change)} ${JSON.stringify(violations)}`,
    );
});
