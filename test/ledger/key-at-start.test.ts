// A broker whose ledger key is not that of its log does not start: it would be another log under an old name. Each time with one
// line that says what to do, and without a key being made.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { formatSignerKey } from '../../src/ledger/note-signer.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { stabledoor } from '../support/command.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
let broker: TestBroker;
let file: string;
let key: string;
let verifierKey: string;
before(async () => {
  broker = await testBroker({ databases });
  ({ verifierKey } = broker.parts.ledger);
  file = join(broker.parts.config.keyDir, 'ledger.key');
  key = await readFile(file, 'utf8');
  await broker.leave();
});
after(async () => {
  await rm(broker.parts.config.dataDir, { recursive: true, force: true });
  await databases.close();
});

const start = async () => {
  const started = await testBroker({ databases, again: broker });
  await started.leave();
};
const ledgerKeys = async () =>
  (await readdir(broker.parts.config.keyDir)).filter((name) => name.startsWith('ledger')).sort();

async function refuses(words: RegExp): Promise<void> {
  const there = await ledgerKeys();
  await assert.rejects(start(), (error: Error) => {
    assert.match(error.message, words);
    assert.doesNotMatch(error.message, /\n|PRIVATE/);
    return true;
  });
  // Whoever appends by command needs the same key.
  const ran = await stabledoor(broker.environment, ['keys', 'rotate', 'ledger']);
  assert.notEqual(ran.code, 0);
  assert.match(ran.err, words);
  assert.doesNotMatch(`${ran.out}${ran.err}`, /PRIVATE/);
  assert.deepEqual(await ledgerKeys(), there);
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

test('without its key the start is refused, and no new one is made', async () => {
  await rm(file);
  await refuses(new RegExp(`there is no ledger key in .*: put back ${escaped(verifierKey)}`));
});

test('with another key of the same name the start is refused, and the key that is missing is named', async () => {
  const { logOrigin } = broker.parts.config;
  await writeFile(file, `${formatSignerKey(logOrigin, randomBytes(32))}\n`, { mode: 0o600 });
  await refuses(new RegExp(`signed with the key ${escaped(verifierKey)}, which is not in`));
});

test('with the key of another log the start is refused', async () => {
  await writeFile(file, `${formatSignerKey('other.example/ledger', randomBytes(32))}\n`, { mode: 0o600 });
  await refuses(new RegExp(`signed with the key ${escaped(verifierKey)}, which is not in`));
});

test('with a file that is no key, cut or empty, the start is refused and nothing of it is shown', async () => {
  for (const text of ['', 'nonsense\n', key.slice(0, -10), key.replace(/.\n$/, '\n'), `${key}${key}`]) {
    await writeFile(file, text, { mode: 0o600 });
    await refuses(/ledger\.key/);
  }
});

test('with its key back it starts, and it is the log that it was', async () => {
  await writeFile(file, key, { mode: 0o600 });
  broker = await testBroker({ databases, again: broker });
  assert.equal(broker.parts.ledger.verifierKey, verifierKey);
  assert.equal(broker.parts.gate.whyShut(), null);
  await broker.leave();
});
