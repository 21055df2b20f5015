// The operator's day on an embedded database of its own, every command a process: what one writes, the next one reads.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../src/db/free-port.ts';
import { bareEnvironment, type Ran, stabledoor } from '../support/command.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { greenButtonXml } from '../support/green-button.ts';
import { testKey } from '../support/third-party.ts';

const folder = await testDataFolder(async () => {
  broker?.kill('SIGTERM');
});
let broker: ChildProcess | undefined;
const port = await freePort();
const settings = { STABLEDOOR_DATA_DIR: folder, PORT: String(port) };
const run = (...args: string[]): Promise<Ran> => stabledoor(settings, args);

async function answer<Value>(...args: string[]): Promise<Value> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(ran.err, '');
  return JSON.parse(ran.out) as Value;
}

/** Of a command that has a remark to make. */
async function answerOnly<Value>(...args: string[]): Promise<Value> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out) as Value;
}

/** Every command starts and stops the server; a broker that runs for the whole file saves that, and is the harder case. */
async function startBroker(): Promise<ChildProcess> {
  const broker = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
    env: { ...bareEnvironment(), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of broker.stdout as AsyncIterable<Buffer>)
    if (chunk.toString().includes('"ready"')) return broker;
  return assert.fail('the broker did not start');
}

const metadata = async (): Promise<number> =>
  (await fetch(`http://localhost:${port}/.well-known/oauth-authorization-server`)).status;

const jwks = join(folder, 'jwks.json');
const { publicJwk } = await testKey();
await writeFile(jwks, JSON.stringify({ keys: [{ ...publicJwk, kid: 'k1', alg: 'ES256', use: 'sig' }] }));
const registration = [
  ...['--name', 'Acme Advice', '--class', 'energy-adviser', '--purpose', 'energy-advice'],
  ...['--jwks', jwks, '--redirect-uri', 'https://acme.example/callback'],
];

test('keys are made once, and a second init keeps them', async () => {
  const first = await answer<{ ledger_key: string }>('init', '--json');
  assert.match(first.ledger_key, new RegExp(`^localhost:${port}/ledger\\+[0-9a-f]{8}\\+`));
  assert.deepEqual(await answer('init', '--json'), first);
});

test('a command that started the embedded server leaves it to the broker that came meanwhile', async () => {
  const [added, started] = await Promise.all([run('migrate'), startBroker()]);
  broker = started;
  assert.equal(added.code, 0, added.err);
  assert.equal(await metadata(), 200);
});

type Key = { use: string; key_id: string; state: string };

test('a key to sign tokens is rotated beside the running broker, which publishes both', async () => {
  const list = async () =>
    (await answer<Key[]>('keys', 'list', '--json')).filter(({ use }) => use === 'tokens');
  const [first] = await list();
  assert.equal(first?.state, 'signing');
  const made = await answer<Key>('keys', 'rotate', 'tokens', '--now', '--json');
  const listed = await list();
  assert.deepEqual(
    listed.map((key) => [key.key_id, key.state]),
    [
      [first.key_id, 'former'],
      [made.key_id, 'signing'],
    ],
  );
  const wrong = await run('keys', 'rotate', 'other');
  assert.deepEqual([wrong.code, wrong.out], [2, '']);
});

test('the ledger’s key is rotated beside the running broker, in two steps, and either key verifies', async () => {
  const list = async () =>
    (await answer<Key[]>('keys', 'list', '--json')).filter(({ use }) => use === 'ledger');
  const [former] = await list();
  assert.equal(former?.state, 'signing');
  const early = await run('keys', 'rotate', 'ledger', '--finish');
  assert.deepEqual([early.code, early.out], [1, '']);
  const made = await answer<Key>('keys', 'rotate', 'ledger', '--json');
  assert.deepEqual(
    (await list()).map(({ key_id, state }) => [key_id, state]),
    [
      [former.key_id, 'signing'],
      [made.key_id, 'signing'],
    ],
  );
  await answer('keys', 'rotate', 'ledger', '--finish', '--json');
  assert.deepEqual(
    (await list()).map(({ state }) => state),
    ['retired', 'signing'],
  );
  for (const key of [former.key_id, made.key_id])
    assert.equal((await run('ledger', 'verify', '--key', key)).code, 0, key);
  assert.equal((await run('ledger', 'verify')).code, 0, 'with what is in the key folder');
});

let clientId: string;
test('a third party is added, listed, suspended and restored beside a running broker', async () => {
  const added = await answer<{ client_id: string; status: string }>('third-party', 'add', ...registration);
  assert.deepEqual(Object.keys(added), ['client_id', 'status']);
  assert.equal(added.status, 'active');
  clientId = added.client_id;
  assert.equal((await run('third-party', 'suspend', clientId, '--reason', 'A complaint.')).code, 0);
  const [listed] = await answer<{ client_id: string; status: string }[]>('third-party', 'list', '--json');
  assert.deepEqual([listed?.client_id, listed?.status], [clientId, 'suspended']);
  const again = await run('third-party', 'suspend', clientId, '--reason', 'Again.');
  assert.deepEqual(
    [again.code, again.err],
    [1, 'stabledoor: That move is not possible now. The third party is suspended, not active.\n'],
  );
  assert.equal((await run('third-party', 'restore', clientId)).code, 0);
  assert.equal(
    (await answer<{ status: string }>('third-party', 'show', clientId, '--json')).status,
    'active',
  );
});

test('a purpose that is not open to the class is refused in words', async () => {
  const ran = await run('third-party', 'add', ...registration, '--purpose', 'underwriting');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /underwriting is not open to the class energy-adviser/);
});

test('a household is added once, and its file is imported with a report on each row', async () => {
  const home = ['--email', 'ada@home.example', '--meter-point', 'home-1', '--address', '1 High Street'];
  const rest = ['--zone', 'America/Los_Angeles', '--from', '2011-01-01'];
  const added = await answer<{ household_id: string }>('household', 'add', ...home, ...rest);
  assert.match(added.household_id, /^household_/);
  const again = await answer<{ household_id: string }>('household', 'add', ...home, ...rest);
  assert.equal(again.household_id, added.household_id);
  const start = Date.parse('2011-03-01T08:00:00Z') / 1000;
  const rows = Array.from({ length: 24 }, (_, hour) => ({
    start: start + hour * 3600,
    value: hour === 3 ? -5 : 100,
  }));
  const file = join(folder, 'day.xml');
  await writeFile(file, greenButtonXml({ rows }));
  const how = ['import', file, '--format', 'green-button', '--meter-point', 'home-1', '--json'];
  const report = await answer<Report>(...how);
  assert.deepEqual(report.counts, { taken: 23, duplicate: 0, corrected: 0, refused: 1 });
  assert.equal(report.rows.length, 1);
  assert.deepEqual(report.rows[0]?.reasons[0]?.code, 'import_value_negative');
  assert.equal(report.rows[0]?.line, 7 + 3);
  assert.equal((await answer<Report>(...how)).counts.duplicate, 23);
});

interface Report {
  readonly counts: Record<string, number>;
  readonly rows: { line: number; reasons: { code: string }[] }[];
}

test('what the ledger has about a household is written to a file, and checked from the file and the key alone', async () => {
  const { ledger_key: key } = await answer<{ ledger_key: string }>('init', '--json');
  const home = [
    '--email',
    'record@example.org',
    '--meter-point',
    '1900000000019',
    '--address',
    '7 Record Row',
  ];
  const { household_id: id } = await answer<{ household_id: string }>(
    'household',
    'add',
    ...home,
    '--zone',
    'UTC',
  );
  const file = join(folder, 'record.json');
  const written = await answer<{ entries: number }>('household', 'chain', id, '--out', file);
  assert.equal(written.entries, 1);
  assert.equal((await stat(file)).mode & 0o077, 0);
  const offline = (...args: string[]) => stabledoor({}, ['ledger', 'verify', '--chain', file, ...args]);
  const sound = await offline('--key', key);
  assert.equal(sound.code, 0, sound.err);
  assert.match(sound.out, /sound, 1 entries of the household \(0 to 0\), 1 values opened/);
  assert.match(sound.out, /no newer/i);
  await writeFile(file, (await readFile(file, 'utf8')).replace('1900000000019', '1900000000018'));
  const bent = await offline('--key', key, '--json');
  assert.equal(bent.code, 1);
  assert.equal(JSON.parse(bent.out).violations[0].kind, 'opening_wrong');
});

test('a file that is no Green Button file is refused with one line', async () => {
  const ran = await run('import', jwks, '--format', 'green-button', '--meter-point', 'home-1');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /^stabledoor: [^\n]+\n$/);
});

test('without --from a home is theirs from today', async () => {
  const home = ['--email', 'bo@home.example', '--meter-point', 'home-2', '--address', '2 High Street'];
  const added = await answer<{ from: string }>('household', 'add', ...home, '--zone', 'UTC');
  assert.ok(Math.abs(Date.parse(added.from) - Date.now()) < 2 * 86_400_000);
});

interface VerdictAnswer {
  readonly sound: boolean;
  readonly size: number;
  readonly violations: { index: number; kind: string }[];
}

test('a household moves out on a day to come, and a day that is none is refused in one line', async () => {
  const place = ['--address', '7 Mill Lane', '--from', '2025-01-01'];
  const mpan = '1012345678911';
  await run('household', 'add', '--email', 'mover@example.org', '--meter-point', mpan, ...place);
  const left = await answerOnly<{ on: string; consents: object }>(
    ...['household', 'move-out', '--meter-point', mpan, '--on', '2125-01-31', '--json'],
  );
  assert.deepEqual([left.on, left.consents], ['2125-01-31', { ended: 0, ending: 0, narrowed: 0 }]);
  const wrong = await run('household', 'move-out', '--meter-point', mpan, '--on', '31 January');
  assert.deepEqual([wrong.code, wrong.err.trim().split('\n').length], [2, 1]);
  assert.match(wrong.err, /--on: 31 January is not a date/);
});

test('the ledger verifies, its export verifies offline, and a changed export names the entry', async () => {
  const verdict = await answer<VerdictAnswer>('ledger', 'verify', '--json');
  assert.equal(verdict.sound, true);
  const out = join(folder, 'export.jsonl');
  const written = await answer<{ entries: number }>('ledger', 'export', '--out', out, '--json');
  // The broker beside it goes on writing: the map of tags has an entry each minute.
  assert.ok(written.entries >= verdict.size, `${written.entries} of ${verdict.size}`);
  const { ledger_key: key } = await answer<{ ledger_key: string }>('init', '--json');
  // Offline: settings that could open no database.
  const offline = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
  const verified = await stabledoor(offline, ['ledger', 'verify', '--export', out, '--key', key]);
  assert.equal(verified.code, 0, verified.err);
  const text = await readFile(out, 'utf8');
  await writeFile(out, text.replace('A complaint.', 'No complaint'));
  const changed = await stabledoor(offline, ['ledger', 'verify', '--export', out, '--key', key, '--json']);
  assert.equal(changed.code, 1);
  const { violations } = JSON.parse(changed.out) as VerdictAnswer;
  const suspended = text.split('\n').filter((line) => line.startsWith('{"type":"entry"'));
  const at = suspended.findIndex((line) => line.includes('A complaint.'));
  // The entry that was changed is read as it stands; the one after it does not link to it any more.
  assert.equal(violations[0]?.kind, 'entry_link');
  assert.equal(violations[0]?.index, at + 1);
  assert.match(changed.err, new RegExp(`entry ${at + 1}: `));
});

test('the beginning of the ledger can be exported alone, and verifies', async () => {
  const out = join(folder, 'beginning.jsonl');
  const written = await answer<{ entries: number }>('ledger', 'export', '--out', out, '--to', '2', '--json');
  assert.equal(written.entries, 2);
  assert.equal((await run('ledger', 'verify', '--export', out)).code, 0);
});

test('the doctor finds nothing wrong, and a key that others can read', async () => {
  const { findings } = await answer<{ findings: { check: string; state: string }[] }>('doctor', '--json');
  assert.deepEqual(
    findings.filter((finding) => finding.state !== 'sound'),
    [],
  );
  const other = await stabledoor({ ...settings, STABLEDOOR_LOG_ORIGIN: 'other.example/ledger' }, ['doctor']);
  assert.equal(other.code, 1);
  assert.match(other.out, /log\s+faulty/);
});

test('the broker stops cleanly, and the last one out stops the server', async () => {
  assert.ok(broker);
  assert.equal(await metadata(), 200);
  broker.kill('SIGTERM');
  const [code] = (await once(broker, 'exit')) as [number];
  assert.equal(code, 0);
  const exists = (name: string) => stat(join(folder, 'postgres/cluster', name)).then(Boolean, () => false);
  assert.deepEqual([await exists('PG_VERSION'), await exists('postmaster.pid')], [true, false]);
});
