// The ledger's key is rotated while the log is written: by this process, and under one that has not heard of it yet.
import assert from 'node:assert/strict';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exportLog } from '../../src/ledger/export.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { type LedgerKeys, openLedgerKeys } from '../../src/ledger/ledger-keys.ts';
import { latestCheckpoint } from '../../src/ledger/ledger-store.ts';
import { insertLogKey, listLogKeys } from '../../src/ledger/log-key-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { splitNote } from '../../src/ledger/note.ts';
import { prepareLedgerKey, publishLedgerKey, retireFormerLedgerKey } from '../../src/ledger/rotate-key.ts';
import { makeFurtherKey } from '../../src/ledger/signing-key.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { openWriteGate } from '../../src/ledger/write-gate.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import { testDataFolder } from '../support/data-folder.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const keyDir = join(await testDataFolder(), 'keys');
const databases = await testDatabases();
const db = databases.app;
const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
  await databases.close();
});

async function process(): Promise<{
  keys: LedgerKeys;
  append: () => Promise<unknown>;
  ledger: Awaited<ReturnType<typeof testLedger>>;
}> {
  const keys = await openLedgerKeys({ db, logId: 1, origin: testOrigin, keyDir, mayMake: true });
  const ledger = await testLedger(databases, { signer: keys });
  closing.push(keys.close, ledger.close);
  const body = {
    kind: 'third-party.restored',
    actor: 'operator',
    third_party: `client_${'a'.repeat(22)}`,
  } as const;
  return { keys, ledger, append: () => ledger.append({ req: newRequestId(), householdId: null, body }) };
}

const one = await process();
const other = await process();
const first = one.keys.key.text;
const parts = { db, ledger: one.ledger, keys: one.keys, keyDir };
const signers = async () =>
  splitNote((await latestCheckpoint(db, 1))?.note as string).signatures.map(({ id }) => id);
const idOf = (vkey: string) => Number.parseInt(vkey.split('+')[1] as string, 16);
const verify = async (keys: readonly string[]) => {
  const lines: AsyncIterable<ExportLine> = exportLog(db, { logId: 1, policies: [], to: 'newest' });
  return await verifyLog(lines, { ...nodeCrypto, keys });
};
const sound = async (keys: readonly string[]) => {
  const { violations } = await verify(keys);
  // What these entries mean is not what is tested here.
  return violations.filter(({ kind }) => kind !== 'third_party_unknown');
};

let second: string;
test('a new key signs beside the old one from the entry on that publishes it, in every process', async () => {
  await one.append();
  await other.append();
  assert.deepEqual(await signers(), [idOf(first)]);
  second = (await publishLedgerKey(parts)).text;
  assert.deepEqual((await signers()).sort(), [idOf(first), idOf(second)].sort(), 'already the entry itself');
  await other.append();
  assert.deepEqual(
    (await signers()).sort(),
    [idOf(first), idOf(second)].sort(),
    'one that had not heard of it',
  );
  assert.deepEqual(await sound([first]), []);
  assert.deepEqual(await sound([second]), []);
  await assert.rejects(publishLedgerKey(parts), /finish that rotation first/);
});

test('the old key is retired: it signs its own end and nothing after it, and its file is gone', async () => {
  await retireFormerLedgerKey(parts);
  assert.deepEqual((await signers()).sort(), [idOf(first), idOf(second)].sort());
  await other.append();
  assert.deepEqual(await signers(), [idOf(second)]);
  await one.append();
  assert.deepEqual(await readdir(keyDir), ['ledger.key']);
  assert.equal(one.ledger.verifierKey === second || one.keys.key.text === second, true);
  assert.deepEqual(await sound([first]), []);
  assert.deepEqual(await sound([second]), []);
  await assert.rejects(retireFormerLedgerKey(parts), /no rotation to finish/);
  const records = await listLogKeys(db, 1);
  assert.deepEqual(
    records.map(({ key, retiredAt }) => [key, retiredAt === null]),
    [
      [first, false],
      [second, true],
    ],
  );
});

test('a key that is not in force cannot be the only signature, whatever the application says', async () => {
  const stranger = await makeFurtherKey(join(keyDir, 'elsewhere'), testOrigin);
  const bent = await testLedger(databases, { signer: stranger.signer });
  closing.push(bent.close);
  const body = { kind: 'read.dropped', actor: 'broker', store_read: 'a/1' } as const;
  await assert.rejects(bent.append({ req: newRequestId(), householdId: null, body }), {
    code: 'ledger_unavailable',
  });
});

test('a key that was prepared is the one that is published, and a name of another log is refused', async () => {
  const prepared = await prepareLedgerKey(parts);
  assert.equal((await prepareLedgerKey(parts)).file, prepared.file);
  const third = await publishLedgerKey(parts);
  assert.equal(third.text, prepared.signer.key.text);
  const foreign = await makeFurtherKey(join(keyDir, 'elsewhere'), 'other.example/ledger');
  await assert.rejects(
    db.transaction().execute((tx) => insertLogKey(tx, 1, foreign.signer.key.text)),
    /does not bear the name/,
  );
  assert.deepEqual(await sound([first]), []);
});

test('a missing key refuses the start with one line, and shuts the gate of a process that runs', async () => {
  const [, third] = one.keys.inForce();
  const file = join(
    keyDir,
    `ledger-${idOf(third?.text as string)
      .toString(16)
      .padStart(8, '0')}.key`,
  );
  const gate = openWriteGate();
  const watched = await openLedgerKeys({ db, logId: 1, origin: testOrigin, keyDir, mayMake: true, gate });
  closing.push(watched.close);
  await rename(file, `${file}.away`);
  await assert.rejects(
    openLedgerKeys({ db, logId: 1, origin: testOrigin, keyDir, mayMake: true }),
    (error: Error) => {
      assert.match(error.message, /the log is signed with the key .* which is not in .*: put it back/);
      return !error.message.includes('\n');
    },
  );
  await watched.refresh().catch(() => {});
  assert.match(gate.whyShut() ?? 'open', /put it back/);
  await rename(`${file}.away`, file);
  await watched.refresh();
  assert.equal(gate.whyShut(), null);
});

test('production makes no key, and says what to do', async () => {
  await assert.rejects(
    openLedgerKeys({
      db,
      logId: 2,
      origin: 'new.example/ledger',
      keyDir: join(keyDir, 'none'),
      mayMake: false,
    }),
    /there is no ledger key at .*: run `stabledoor init` once/,
  );
});
