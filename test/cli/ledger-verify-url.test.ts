// `ledger verify --url` against a broker that runs, and against servers that answer for it and change what they pass on.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
const top = await mkdtemp(join(tmpdir(), 'stabledoor-verify-url-'));
let broker: TestBroker;
/** As it was before the last entries. */
let earlier: string;
const checkpoint = async () => await (await fetch(`${broker.issuer}/ledger/checkpoint`)).text();
before(async () => {
  broker = await testBroker({ databases });
  const { ledger } = broker.parts;
  const key = { kind: 'key.published', actor: 'operator', use: 'tokens', key: '{"kty":"EC"}' } as const;
  const grow = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        ledger.append({ req: newRequestId(), householdId: null, body: key }),
      ),
    );
  await grow(100);
  earlier = await checkpoint();
  await grow(200);
});
const servers: Server[] = [];
after(async () => {
  for (const server of servers) server.close();
  await broker.close();
  await databases.close();
  await rm(top, { recursive: true });
});

const verify = (url: string, ...args: string[]) =>
  stabledoor(broker.environment, ['ledger', 'verify', '--url', url, ...args]);
const ownKey = () => ['--key', broker.parts.ledger.verifierKey];
const sizeOf = (note: string) => Number(note.split('\n')[1]);

/** A server that passes on what the broker says, but for what `change` does to it. */
async function between(change: (path: string, body: Buffer, res: ServerResponse) => Buffer | null) {
  const server = createServer(async (req, res) => {
    const answer = await fetch(`${broker.issuer}${req.url}`);
    const body = change(req.url as string, Buffer.from(await answer.arrayBuffer()), res);
    if (res.statusCode === 200) res.statusCode = body === null ? 404 : answer.status;
    res.end(body ?? undefined);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const flipped = (body: Buffer) => {
  const changed = Buffer.from(body);
  changed[5] = (changed[5] as number) ^ 1;
  return changed;
};

test('a running log is sound from outside, and what cannot be seen from there is said', async () => {
  const { code, out, err } = await verify(broker.issuer, ...ownKey(), '--json');
  assert.deepEqual([code, err], [0, '']);
  const verdict = JSON.parse(out);
  assert.equal(verdict.sound, true);
  assert.equal(verdict.signed, true);
  assert.equal(verdict.size, sizeOf(await checkpoint()));
  assert.ok(verdict.tiles >= 3);
  assert.match(verdict.unproven.join('\n'), /shown to regulators alone/);
  assert.doesNotMatch(verdict.unproven.join('\n'), /Whose log this is/);
});

test('without a key the root is the operator’s word, and that is said', async () => {
  const { code, out } = await verify(`${broker.issuer}/ledger/`);
  assert.equal(code, 0);
  assert.match(out, /Whose log this is: no key of it vouches/);
});

test('a checkpoint that was kept is compared with the tree of now', async () => {
  const file = join(top, 'earlier');
  await writeFile(file, earlier);
  const { code, out } = await verify(broker.issuer, ...ownKey(), '--checkpoint', file, '--json');
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out).compared, [sizeOf(earlier)]);
});

test('a log that shows less than it had is not sound', async () => {
  const file = join(top, 'newest');
  await writeFile(file, await checkpoint());
  const url = await between((path, body) => (path === '/ledger/checkpoint' ? Buffer.from(earlier) : body));
  const { code, err } = await verify(url, ...ownKey(), '--checkpoint', file);
  assert.equal(code, 1);
  assert.match(err, /log_shortened/);
});

const wrongs = {
  'a changed hash of an entry': ['/ledger/tile/0/001', flipped, /the log: checkpoint_root/],
  'a changed hash of an entry under a whole tile': [
    '/ledger/tile/0/000',
    flipped,
    /entry 0: tile_mismatch.*and 1 more/,
  ],
  'a changed hash above': ['/ledger/tile/1/000', flipped, /entry 0: tile_mismatch/],
  'a tile that is not there': ['/ledger/tile/0/000', () => null, /entry 0: tile_missing/],
  'a tile that is cut short': [
    '/ledger/tile/0/000',
    (body: Buffer) => body.subarray(7),
    /entry 0: tile_format/,
  ],
} as const;
for (const [what, [at, change, expected]] of Object.entries(wrongs))
  test(`${what} is found and named`, async () => {
    const url = await between((path, body) => (path.startsWith(at) ? change(body) : body));
    const { code, err } = await verify(url, ...ownKey());
    assert.equal(code, 1);
    assert.match(err, expected);
  });

test('the log of another, or of another key under this name, is not sound', async () => {
  for (const origin of ['other.example/ledger', broker.parts.ledger.origin]) {
    const { code, err } = await verify(
      broker.issuer,
      '--key',
      noteSigner(origin, Buffer.alloc(32, 7)).key.text,
    );
    assert.equal(code, 1);
    assert.match(err, /checkpoint_invalid/);
  }
});

test('what is no log, leads elsewhere or does not answer is neither sound nor unsound', async () => {
  const none = await between(() => null);
  const elsewhere = await between((_, body, res) => {
    res.statusCode = 302;
    res.setHeader('location', broker.issuer);
    return body;
  });
  const noNote = await between((path, body) =>
    path === '/ledger/checkpoint' ? Buffer.from('hello\n') : body,
  );
  const tooLong = await between(() => Buffer.alloc(500_000, 'a'));
  const cases = [
    [none, /there is no log at/],
    [elsewhere, /leads on to/],
    [noNote, /--url/],
    [tooLong, /is longer than/],
    ['http://127.0.0.1:1', /does not answer/],
    ['ftp://127.0.0.1', /begins with http/],
    ['nonsense', /begins with http/],
  ] as const;
  for (const [url, expected] of cases) {
    const { code, err } = await verify(url, ...ownKey());
    assert.equal(code, 2, `${url}: ${err}`);
    assert.match(err, expected);
  }
});

test('it goes with no file to verify', async () => {
  const { code, err } = await verify(broker.issuer, '--export', 'x');
  assert.equal(code, 2);
  assert.match(err, /--url: goes with neither/);
});
