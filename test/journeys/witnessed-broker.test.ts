// A whole broker with a witness that somebody else runs: what it publishes, what it says when the witness is late, and
// what it does when the witness knows its log better than its database does.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatCheckpoint, openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { openLedgerKey } from '../../src/ledger/signing-key.ts';
import { parseVerifierKey } from '../../src/ledger/verifier-key.ts';
import { formatAddCheckpoint } from '../../src/ledger/witness-request.ts';
import { type BrokerOptions, type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { policyOf, startWitness } from '../support/witness.ts';

const origin = 'witnessed.example/ledger';
const dir = mkdtempSync(join(tmpdir(), 'witnessed-'));
const databases = await testDatabases();
const signer = await openLedgerKey(join(dir, 'keys'), origin, true);
const logs = policyOf(`log ${signer.key.text}`, 'quorum none');
const witness = await startWitness(logs);
const brokers: TestBroker[] = [];
after(async () => {
  for (const broker of brokers) await broker.close();
  await witness.stop();
  await databases.close();
  rmSync(dir, { recursive: true, force: true });
});

const policyFile = join(dir, 'witnesses');
const environment = {
  STABLEDOOR_LOG_ORIGIN: origin,
  STABLEDOOR_KEY_DIR: join(dir, 'keys'),
  STABLEDOOR_WITNESS_POLICY_FILE: policyFile,
};
const start = async (options: Partial<BrokerOptions> = {}): Promise<TestBroker> => {
  const broker = await testBroker({ databases, environment, ...options });
  brokers.push(broker);
  return broker;
};
const health = async ({ issuer }: TestBroker) => {
  const response = await fetch(`${issuer}/health/ready`);
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};

test('a broker publishes the checkpoint that its witness cosigned, and is ready', async () => {
  writeFileSync(
    policyFile,
    `# run-by w1 The regulator\nwitness w1 ${witness.key} ${witness.url}\nquorum w1\n`,
  );
  const broker = await start();
  await broker.parts.witnessing?.runNow();
  const note = await (await fetch(`${broker.issuer}/ledger/checkpoint`)).text();
  const witnessKeys = [parseVerifierKey(witness.key, sha256)];
  const opened = await openCheckpoint(note, { origin, logKeys: [signer.key], witnessKeys }, nodeCrypto);
  assert.equal(opened.signatures.length, 2);
  assert.ok(opened.size > 0);
  assert.deepEqual(await health(broker), { status: 200, body: { status: 'up' } });
});

test('a broker whose witness holds more entries than its database writes nothing, and its health says why', async () => {
  const size = 1_000_000;
  // What a longer life of this log has signed: the witness of another broker holds it.
  const second = await startWitness(logs, { name: 'w2.example', seed: 5 });
  const note = signer.signNote(formatCheckpoint({ origin, size, root: new Uint8Array(32).fill(9) }));
  assert.equal((await second.submit(formatAddCheckpoint({ oldSize: 0, proof: [], note }))).status, 200);
  writeFileSync(policyFile, `witness w2 ${second.key} ${second.url}\nquorum w2\n`);
  const broker = await start();
  const { status, body } = await health(broker);
  assert.equal(status, 503);
  assert.match(body.reason ?? '', /takes no entries: this log has been set back: witness w2/);
  assert.equal((await fetch(`${broker.issuer}/ledger/checkpoint`)).status, 200);
  await second.stop();
});

test('a policy that is not as it should be stops the start with a line that names it', async () => {
  writeFileSync(policyFile, 'quorum none');
  await assert.rejects(start(), /witnesses: the last line does not end/);
});
