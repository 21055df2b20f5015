// The door and the policy of the moment: what rests on a set that is no longer in force is refused under the ledger's lock,
// and every decision can be made again from its entry.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPolicy } from '../../src/policy/engine.ts';
import { publishPolicy } from '../../src/policy/publication.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';
import {
  closedDay,
  type TestHome,
  type TestParty,
  testAccess,
  testHome,
  testParty,
} from '../support/journey.ts';
import { withPolicyDir } from '../support/policy-dir.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: TestParty;
let folder: string;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker);
  party = await testParty(broker);
  folder = await mkdtemp(join(tmpdir(), 'stabledoor-replay-'));
});
after(async () => {
  await broker.close();
  await databases.close();
  await rm(folder, { recursive: true });
});

const stricter = `
@id("no-half-hours-for-advice") @reason("finer_than_class_allows") @basis("proposal: a test")
forbid (principal, action == Action::"disclose", resource == Purpose::"energy-advice")
when { context.resolution_s < 86400 };
`;
const indexOf = (answer: Response) => Number(answer.headers.get('ledger-entry')?.split('/').at(-1));
const indices: Record<string, number> = {};

test('a set that another process published at once is obeyed by the next read', async () => {
  const access = await testAccess(broker, party, home);
  const [meterPoint = ''] = access.meterPoints;
  const halfHours = { ...closedDay(broker), resolution: 'PT30M' };
  const first = await access.readings(meterPoint, halfHours);
  assert.equal(first.status, 200);
  indices.allowed = indexOf(first);

  await withPolicyDir({ 'more.cedar': () => stricter }, async (dir) =>
    publishPolicy(broker.parts, await openPolicy(dir)),
  );
  const overtaken = await access.readings(meterPoint, halfHours);
  const { code } = await overtaken.json();
  // By the guard, or by the set itself where this process has seen it already.
  assert.ok(['policy_changed', 'finer_than_class_allows'].includes(code), code);
  if (code === 'policy_changed') assert.equal(overtaken.headers.get('retry-after') !== null, true);
  indices.overtaken = indexOf(overtaken);

  const after_ = await access.readings(meterPoint, halfHours);
  assert.deepEqual([after_.status, (await after_.json()).code], [403, 'finer_than_class_allows']);
  indices.refused = indexOf(after_);
  assert.equal((await access.readings(meterPoint, { ...halfHours, resolution: 'P1D' })).status, 200);
});

const run = (args: string[]) => stabledoor(broker.environment, args);

test('each decision is made again from the facts of its entry and the text of its time', async () => {
  for (const [name, decision, reasons] of [
    ['allowed', 'allowed', []],
    ['refused', 'refused', ['finer_than_class_allows']],
  ] as const) {
    const { code, out, err } = await run(['policy', 'replay', '--entry', String(indices[name]), '--json']);
    assert.equal(code, 0, err);
    const answer = JSON.parse(out);
    assert.deepEqual([answer.agrees, answer.decided], [true, { decision, reasons }]);
    assert.equal(answer.facts.context.third_party_status, 'active');
  }
  const none = await run(['policy', 'replay', '--entry', '0']);
  assert.equal(none.code, 1);
  assert.match(none.out, /Entry 0 could not be replayed: a log.opened is no decision/);
});

test('offline, from an export and the facts that were handed over, and only those of that entry', async () => {
  const [file, opened, other] = ['log.ndjson', 'opened.json', 'other.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  assert.equal((await run(['ledger', 'export', '--out', file])).code, 0);
  const handed = async (name: string) =>
    (await run(['policy', 'replay', '--entry', String(indices[name]), '--json'])).out;
  await writeFile(opened, await handed('allowed'));
  await writeFile(other, await handed('refused'));
  const offline = (openedFile: string) =>
    stabledoor({}, [
      ...['policy', 'replay', '--entry', String(indices.allowed), '--export', file, '--opened', openedFile],
    ]);
  const agreed = await offline(opened);
  assert.equal(agreed.code, 0, agreed.err);
  assert.match(agreed.out, /They agree/);
  const wrong = await offline(other);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /not those that entry \d+ commits to/);
});

test('the log with a change of policy in it is sound', async () => {
  const { code, out } = await run(['ledger', 'verify', '--json']);
  assert.equal(code, 0, out);
});

test('check says what a set changes, and publish what it is', async () => {
  const checked = await run(['policy', 'check', '--json']);
  assert.equal(checked.code, 0, checked.err);
  const { cases, wrong, publishing } = JSON.parse(checked.out);
  assert.ok(cases > 60);
  assert.deepEqual(wrong, []);
  assert.deepEqual([publishing.weakens, publishing.removed], [true, ['no-half-hours-for-advice']]);
  const offline = await stabledoor({}, ['policy', 'check', '--offline']);
  assert.equal(offline.code, 0, offline.err);
  const done = await run(['policy', 'publish']);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /This is a weakening: .* It binds from/);
  assert.match((await run(['policy', 'publish'])).err, /published already, and binds from/);
});
