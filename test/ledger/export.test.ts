// An export from the database: the same bytes whenever it is made, going on where it was broken off, and of a part.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { exportText } from '../../src/ledger/export.ts';
import { type ExportFile, writeExport } from '../../src/ledger/export-file.ts';
import { formatExportLine, readExport } from '../../src/ledger/export-format.ts';
import { partOf } from '../../src/ledger/export-part.ts';
import { ExportRangeError, planExport } from '../../src/ledger/export-plan.ts';
import { checkpointFrom } from '../../src/ledger/ledger-store.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { formatSignature, splitNote } from '../../src/ledger/note.ts';
import { cosigner } from '../../src/ledger/note-signer.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { putWitnessed } from '../../src/ledger/witnessed-store.ts';
import { testDatabases } from '../support/database.ts';
import { type RawLog, rawLog } from '../support/raw-log.ts';

const databases = await testDatabases();
const { app, owner } = databases;
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-export-'));
after(async () => {
  await databases.close();
  await rm(folder, { recursive: true });
});

const witness = cosigner('witness.example/w1', new Uint8Array(32).fill(2));
const log = await rawLog(app);
await log.growTo(3500);
const cosign = async (log: RawLog, size: number, second: number): Promise<void> => {
  const checkpoint = await checkpointFrom(app, log.logId, size);
  assert.ok(checkpoint);
  const line = witness.cosign(splitNote(checkpoint.note).text, second);
  await putWitnessed(app, log.logId, checkpoint.size, checkpoint.note + formatSignature(line));
};
const base = { logId: 1, policies: [] };
let count = 0;
const exported = async (options: Partial<ExportFile> = {}) => {
  const out = options.out ?? join(folder, `${++count}.ndjson`);
  const written = await writeExport(app, { ...base, out, ...options });
  return { ...written, out, text: await readFile(out, 'utf8') };
};
const verify = (file: string, keys = [log.signer.key.text]) =>
  verifyLog(readExport(createReadStream(file)), { ...nodeCrypto, keys });
// Bodies of these entries are of no known kind: that is all that may be found.
const mechanical = async (file: string) =>
  (await verify(file)).violations.filter(({ kind }) => kind !== 'entry_body' && kind !== 'log_opened');

test('an export is the same bytes when it is repeated, also when the log has grown since', async () => {
  const first = await exported({ to: 3000 });
  await log.growTo(4000);
  const again = await exported({ to: 3000 });
  assert.equal(again.text, first.text);
  assert.equal(createHash('sha256').update(first.text).digest('hex'), first.sha256);
  assert.deepEqual(await mechanical(first.out), []);
});

test('lines are those that JSON.stringify would write, also where a tampered entry holds what stands between two', async () => {
  const letters = '"quote\\ \u0001\u001f é\u2028\u{1f40e}\b\f\r\t/';
  const entries = [letters, letters, `\u007f${letters}`];
  await sql`select ledger.open_log(7::smallint, 'seven.example', 'sandbox')`.execute(owner);
  for (const [idx, entry] of entries.entries())
    await sql`insert into ledger.entry (log_id, idx, leaf, entry)
      values (7, ${idx}, sha256('x'), ${Buffer.from(entry)})`.execute(owner);
  await sql`insert into ledger.checkpoint (log_id, size, note) values (7, 3, 'x')`.execute(owner);
  const expected = entries.map((entry) => formatExportLine({ type: 'entry', entry }).trimEnd());
  for (const size of [2, 3]) {
    const plan = { logId: 7, origin: 'seven.example', from: 0, size, note: 'x', keys: [], frontier: [] };
    const text = (await Array.fromAsync(exportText(app, plan, { policies: [] }))).join('');
    assert.deepEqual(text.split('\n').slice(1, 1 + size), expected.slice(0, size));
  }
});

test('broken off anywhere, it goes on where it was and ends in the same bytes', async () => {
  const whole = await exported({ to: 3000 });
  const bytes = Buffer.from(whole.text);
  let kept = 0;
  for (const cut of [0, 1, 200, 90_000, 300_000, 400_001, 600_003, bytes.length - 1, bytes.length]) {
    const out = join(folder, `cut-${cut}`);
    await writeFile(partOf(out), bytes.subarray(0, cut));
    const resumed = await exported({ out, to: 3000 });
    assert.ok(resumed.text === whole.text, `cut at ${cut}`);
    assert.equal(resumed.sha256, whole.sha256);
    kept = Math.max(kept, resumed.kept);
  }
  assert.ok(kept >= 2000, `kept ${kept}`);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('what was begun without an end goes on to the checkpoint that it began with', async () => {
  const before = await exported({ to: 'newest' });
  await log.growTo(log.leaves.length + 10);
  const out = join(folder, 'begun');
  await writeFile(partOf(out), before.text.slice(0, 700_000));
  const resumed = await exported({ out });
  assert.ok(resumed.text === before.text);
  assert.ok(resumed.kept > 0);
});

test('a beginning that this log would not write is thrown away', async () => {
  const whole = await exported({ to: 3000 });
  const lines = whole.text.split('\n');
  const bent = [...lines];
  bent[500] = (bent[500] as string).replace('time 1', 'time 2');
  const other = await rawLog(app, 2);
  await other.growTo(3000);
  const foreign = (await exported({ logId: 2, to: 3000 })).text;
  for (const [name, text] of Object.entries({
    bent: bent.join('\n'),
    gap: lines.toSpliced(700, 1).join('\n'),
    foreign,
    part: (await exported({ from: 5, to: 3000 })).text,
    garbage: '\0'.repeat(500_000),
  })) {
    const out = join(folder, name);
    await writeFile(partOf(out), text.slice(0, 400_000));
    const resumed = await exported({ out, to: 3000 });
    assert.ok(resumed.text === whole.text, name);
    assert.equal(resumed.kept, 0, name);
  }
});

test('two that write one file at once: the second is refused, and nothing is mixed', async () => {
  const whole = await exported({ to: 3000 });
  const out = join(folder, 'two');
  const [first, second] = await Promise.allSettled([
    exported({ out, to: 3000 }),
    exported({ out, to: 2000 }),
  ]);
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
  assert.ok((await readFile(out, 'utf8')) === whole.text);
});

test('what a process left behind that is gone is taken over; what one that lives is writing is not', async () => {
  const whole = await exported({ to: 3000 });
  const begun = whole.text.slice(0, 700_000);
  for (const [pid, kept] of [
    [999_999_999, 1000],
    [process.ppid, 0],
  ] as const) {
    const out = join(folder, `left-${pid}`);
    await writeFile(partOf(out, pid), begun);
    const resumed = await exported({ out, to: 3000 });
    assert.ok(resumed.text === whole.text);
    assert.equal(resumed.kept > 0, kept > 0);
    await rm(partOf(out, pid), { force: true });
  }
});

test('a part begins and ends where it was asked to, and is held to the tree that was signed', async () => {
  for (const from of [1, 2, 3, 254, 255, 256, 257, 258, 511, 512, 513, 1500]) {
    const part = await exported({ from, to: from + 1 });
    assert.equal(part.from, from);
    const verdict = await verify(part.out);
    assert.deepEqual([verdict.from, verdict.size], [from, part.size]);
    assert.deepEqual(await mechanical(part.out), []);
  }
  await assert.rejects(exported({ from: 10_000_000 }), ExportRangeError);
  await assert.rejects(exported({ to: 10_000_000 }), ExportRangeError);
  await assert.rejects(planExport(app, 9, {}), ExportRangeError);
});

test('cosigned checkpoints stand right after what they cover, and an export ends with the newest of them', async () => {
  await cosign(log, 700, 1_800_000_000);
  await cosign(log, 2500, 1_800_000_010);
  const first = await exported();
  const seen = first.text.match(/\{"type":"checkpoint".*witness\.example/g) ?? [];
  assert.equal(seen.length, 2);
  assert.deepEqual(await mechanical(first.out), []);
  assert.ok(first.size < log.leaves.length, 'what no witness has seen is left out');
  assert.equal((await exported({ to: 'newest' })).size, log.leaves.length);
  // Cosigned anew while the log stands still, and a slow round of a smaller size: neither changes what was exported.
  await cosign(log, 2500, 1_800_000_900);
  await cosign(log, 1500, 1_800_000_950);
  const again = await exported();
  assert.ok(again.text === first.text);
});

test('an entry that is no text, or is missing, goes out all the same and is found', async () => {
  const spoilt = await rawLog(app, 3);
  await spoilt.growTo(1200);
  const db = databases.open<never>(databases.superuserUrl(new URL(databases.urls.app).pathname.slice(1)), 1);
  await sql
    .raw(`alter table ledger.entry_0 disable trigger never_changed;
    update ledger.entry set entry = '\\xff' where log_id = 3 and idx = 40;
    delete from ledger.entry where log_id = 3 and idx = 1100;
    alter table ledger.entry_0 enable always trigger never_changed`)
    .execute(db);
  const { out } = await exported({ logId: 3, to: 'newest' });
  const { violations } = await verify(out, [spoilt.signer.key.text]);
  const found = violations.filter(({ kind }) => kind !== 'entry_body' && kind !== 'log_opened');
  assert.deepEqual(
    found.slice(0, 1).map(({ index, kind }) => [index, kind]),
    [[40, 'entry_format']],
  );
});
