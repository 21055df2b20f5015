import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { BatchOutcome, BatchProgress, PreparedEntry, Receipt } from '../../src/ledger/batch.ts';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { GuardRefused, type RequestRepeated } from '../../src/ledger/ledger.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { openSequencer } from '../../src/ledger/sequencer.ts';
import { decodeBase64 } from '../../src/lib/base64.ts';
import { newRequestId, type RequestId } from '../../src/lib/ids.ts';
import { openLogger } from '../../src/observe/logger.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});

const link = (householdId: Awaited<ReturnType<typeof ledger.household>>) => ({
  req: newRequestId(),
  householdId,
  body: { kind: 'meter-point.linked', actor: 'operator' } as const,
  personal: { meter_point: '1012345678901' },
});

test('a new log begins with log.opened, once, however many processes open it', async () => {
  const again = await testLedger(databases, { signer: ledger.signer });
  await again.close();
  const entries = await Array.fromAsync(readEntries(databases.app, 1, 0, 10));
  assert.equal(entries.length, 1);
  const opened = parseEntry(entries[0] as string);
  assert.equal(opened.index, 0);
  assert.match(opened.body, /"kind":"log.opened"/);
});

test('appends in flight together are written in one order, each with a receipt that proves its place', async () => {
  const household = await ledger.household();
  const receipts = await Promise.all(Array.from({ length: 300 }, () => ledger.append(link(household))));
  const indexes = receipts.map((receipt) => receipt.index).sort((a, b) => a - b);
  assert.deepEqual(
    indexes,
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
  for (const receipt of receipts) {
    const tree = await openCheckpoint(
      receipt.checkpoint,
      { origin: testOrigin, logKeys: [ledger.signer.key] },
      nodeCrypto,
    );
    const leaf = decodeBase64(receipt.leaf) as Uint8Array;
    const proof = receipt.proof().map((hash) => decodeBase64(hash) as Uint8Array);
    assert.equal(
      verifyInclusion({ index: receipt.index, size: tree.size, leaf, proof, root: tree.root }, sha256),
      true,
    );
  }
});

test('a failed guard without a refusal writes nothing', async () => {
  const before = await Array.fromAsync(readEntries(databases.app, 1, 0, 1000));
  const household = await ledger.household();
  const request = { ...link(household), guards: [{ name: 'log-empty', args: {} }] };
  await assert.rejects(ledger.append(request), GuardRefused);
  const entries = await Array.fromAsync(readEntries(databases.app, 1, 0, 1000));
  assert.equal(entries.length, before.length);
});

test('a request that the log holds already is not written twice', async () => {
  const request = link(await ledger.household());
  const first = await ledger.append(request);
  await assert.rejects(ledger.append(request), (error: RequestRepeated) => error.index === first.index);
});

const entry: PreparedEntry = {
  req: newRequestId(),
  householdId: null,
  subject: null,
  body: '{}',
  refusal: () => null,
  evidence: null,
  guards: [],
};
const receipt: Receipt = {
  origin: testOrigin,
  index: 0,
  leaf: '',
  timeMs: 0,
  sealedAt: 0,
  outcome: 'allowed',
  reason: null,
  checkpoint: '',
  proof: () => [],
};

/** A sequencer over a writer whose batches the test lets go on by hand: what happens between them is what is looked at. */
function stepped() {
  const batches: {
    readonly reqs: string[];
    readonly progress: BatchProgress;
    readonly end: (fault?: Error) => void;
  }[] = [];
  const sequencer = openSequencer((entries, progress) => {
    const { promise, resolve, reject } = Promise.withResolvers<BatchOutcome[]>();
    const end = (fault?: Error) => (fault ? reject(fault) : resolve(entries.map(() => receipt)));
    batches.push({ reqs: entries.map((entry) => entry.req), progress, end });
    return promise;
  }, openLogger('silent'));
  const answered: string[] = [];
  const append = (req: string) =>
    sequencer.append({ ...entry, req: req as RequestId }).then(
      () => answered.push(req),
      () => answered.push(`${req} failed`),
    );
  const begun = async (count: number) => {
    while (batches.length < count) await new Promise(setImmediate);
    return batches[count - 1] as (typeof batches)[number];
  };
  return { sequencer, answered, append, begun, batches };
}

test('of many that wait together half goes ahead, and the rest is the next batch', async () => {
  const { append, begun, answered, sequencer } = stepped();
  for (let i = 0; i < 40; i++) void append(`${i}`);
  const first = await begun(1);
  assert.equal(first.reqs.length, 20);
  first.progress.onClosed();
  const second = await begun(2);
  assert.equal(second.reqs.length, 20);
  first.end();
  second.end();
  await sequencer.close();
  assert.equal(answered.length, 40);
});

test('the next batch begins while this one becomes durable, and a third waits until it is', async () => {
  const { append, begun, answered, batches, sequencer } = stepped();
  void append('a');
  const first = await begun(1);
  void append('b');
  first.progress.onClosed();
  const second = await begun(2);
  void append('c');
  second.progress.onClosed();
  await wait(20);
  assert.equal(batches.length, 2);
  assert.deepEqual(answered, [], 'nobody is told of what is not durable yet');
  first.end();
  const third = await begun(3);
  second.end();
  third.end();
  await sequencer.close();
  assert.deepEqual(answered, ['a', 'b', 'c']);
});

test('callers have their answer once the database has the next batch, and not only when that one is written', async () => {
  const { append, begun, answered, sequencer } = stepped();
  void append('a');
  const first = await begun(1);
  void append('b');
  first.progress.onClosed();
  const second = await begun(2);
  first.end();
  second.progress.onSent();
  await wait(2);
  assert.deepEqual(answered, ['a']);
  second.end();
  await sequencer.close();
});

test('a next batch that waits for the head of the log holds up no answer', async () => {
  const { append, begun, answered, sequencer } = stepped();
  void append('a');
  const first = await begun(1);
  void append('b');
  first.progress.onClosed();
  const second = await begun(2);
  first.end();
  await wait(50);
  assert.deepEqual(answered, ['a']);
  second.end();
  await sequencer.close();
});

test('a batch that fails fails its own callers alone', async () => {
  const { append, begun, answered, sequencer } = stepped();
  void append('a');
  const first = await begun(1);
  void append('b');
  first.progress.onClosed();
  const second = await begun(2);
  first.end(new Error('gone'));
  second.end();
  await sequencer.close();
  assert.deepEqual(answered.toSorted(), ['a failed', 'b']);
});
