import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../src/ledger/checkpoint.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { GuardRefused, type RequestRepeated } from '../../src/ledger/ledger.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { verifyInclusion } from '../../src/ledger/merkle-proof.ts';
import { nodeCrypto, sha256 } from '../../src/ledger/node-crypto.ts';
import { decodeBase64 } from '../../src/lib/base64.ts';
import { newRequestId } from '../../src/lib/ids.ts';
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
