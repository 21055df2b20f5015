// What an export opens: the fields that its reader may see, of households that still are, and nothing of one that was erased,
// not even where an export was broken off before.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { writeExport } from '../../src/ledger/export-file.ts';
import { readExport } from '../../src/ledger/export-format.ts';
import { partOf } from '../../src/ledger/export-part.ts';
import type { AppendRequest } from '../../src/ledger/ledger.ts';
import { nodeCrypto } from '../../src/ledger/node-crypto.ts';
import { openerOf } from '../../src/ledger/openings.ts';
import type { SubjectKeyTables } from '../../src/ledger/subject-key-store.ts';
import { verifyLog } from '../../src/ledger/verify.ts';
import { newId, newRequestId } from '../../src/lib/ids.ts';
import { testDatabases } from '../support/database.ts';
import { testLedger, testOrigin } from '../support/ledger.ts';

const databases = await testDatabases();
const { app, owner } = databases;
const ledger = await testLedger(databases);
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-openings-'));
after(async () => {
  await ledger.close();
  await databases.close();
  await rm(folder, { recursive: true });
});

const keys = databases.open<SubjectKeyTables>(databases.urls.subjectKeys);
const [gone, stays] = [await ledger.household(), await ledger.household()];
const secretOf = (household: string) => `spoken by ${household}`;
const refusal = (householdId: typeof gone): AppendRequest => ({
  req: newRequestId(),
  householdId,
  body: {
    kind: 'refusal',
    actor: 'third-party',
    basis: 'consent',
    third_party: newId('client'),
    consent_ref: newId('consent'),
    version: 1,
    decision: 'refused',
    reasons: ['policy_denied'],
    jkt: 'J'.repeat(43),
  },
  personal: { proof: secretOf(householdId), meter_point: '1012345678901' },
  evidence: ['proof', 'meter_point'],
});
const each = 550;
for (let done = 0; done < each; done += 25)
  await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.append(refusal(i % 2 === 0 ? gone : stays))));

const opener = (...fields: string[]) => openerOf({ db: app, logId: 1, origin: testOrigin, keys, fields });
const exported = async (name: string, ...fields: string[]) => {
  const out = join(folder, name);
  const open = fields.length === 0 ? {} : { open: opener(...fields) };
  const written = await writeExport(app, { logId: 1, policies: [], out, ...open });
  const lines = readExport(createReadStream(out));
  const verdict = await verifyLog(lines, { ...nodeCrypto, keys: [ledger.verifierKey] });
  return { ...written, verdict, text: await readFile(out, 'utf8') };
};
const mentions = (text: string, what: string) => text.split(what).length - 1;

test('an export opens the fields that its reader may see, and no others; nothing unless asked', async () => {
  const closed = await exported('closed');
  assert.deepEqual([closed.verdict.counts.openings, mentions(closed.text, 'spoken by')], [0, 0]);
  const { verdict, text } = await exported('proofs', 'proof');
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.counts.openings, 2 * each);
  assert.deepEqual([mentions(text, secretOf(gone)), mentions(text, secretOf(stays))], [each, each]);
  assert.equal(mentions(text, '1012345678901'), 0);
  const both = await exported('both', 'meter_point', 'proof');
  assert.equal(both.verdict.counts.openings, 4 * each);
});

test('after a household is erased its commitments open no more, also where an export was broken off before', async () => {
  const before = await exported('before', 'proof');
  await sql`select evidence.erase_household(1::smallint, ${gone})`.execute(owner);
  await ledger.eraseSubject(gone);
  await writeFile(partOf(join(folder, 'resumed')), before.text.slice(0, -2000));
  const resumed = await exported('resumed', 'proof');
  assert.deepEqual(resumed.verdict.violations, []);
  assert.equal(resumed.verdict.counts.openings, each);
  assert.deepEqual(
    [mentions(resumed.text, secretOf(gone)), mentions(resumed.text, secretOf(stays))],
    [0, each],
  );
  assert.equal((await exported('after', 'proof')).text, resumed.text);
  // Broken off after the erasure, the same beginning can stay.
  await writeFile(partOf(join(folder, 'again')), resumed.text.slice(0, -2000));
  const again = await exported('again', 'proof');
  assert.deepEqual([again.text === resumed.text, again.kept], [true, 1000]);
});

test('a household without a key opens nothing, whatever was kept', async () => {
  await keys.deleteFrom('subject.key').where('household_id', '=', stays).execute();
  const { verdict, text } = await exported('keyless', 'proof');
  assert.deepEqual([verdict.counts.openings, mentions(text, 'spoken by')], [0, 0]);
});
