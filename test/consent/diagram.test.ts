// The published diagram, and what the database refuses, are the table of the code and nothing else.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { type ConsentState, consentStates, legalMoves } from '../../src/consent/consent.ts';
import { newId } from '../../src/lib/ids.ts';
import { consentDiagram } from '../support/consent-diagram.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
after(() => databases.close());
const file = join(import.meta.dirname, '../../docs/consent-life.md');
const block = /(<!-- diagram -->\n)[\s\S]*?(<!-- \/diagram -->)/;

test('the diagram of the documentation is drawn from the table of moves', () => {
  const found = readFileSync(file, 'utf8');
  const wanted = found.replace(block, (_all, before, after) => `${before}${consentDiagram()}\n${after}`);
  // `npm test -- --test-update-snapshots test/consent/diagram.test.ts` draws it anew.
  if (process.execArgv.includes('--test-update-snapshots')) writeFileSync(file, wanted);
  else assert.equal(found, wanted);
});

const unanswered: readonly ConsentState[] = ['requested', 'refused', 'lapsed'];

async function insert(state: ConsentState): Promise<string> {
  const id = newId('consent');
  const version = unanswered.includes(state) ? 0 : 1;
  const expires = version === 0 ? null : new Date('2126-01-01');
  await sql`
    insert into consent.consent (log_id, consent_id, household_id, occupier_id, client_id, request_ref, purpose, once,
      state, version, expires_at, wording, wording_digest, requested_at, changed_at)
    values (1, ${id}, ${newId('household')}, 'o', ${newId('client')}, ${id}, 'claim', false, ${state}, ${version},
      ${expires}, '{}', ${`${'A'.repeat(43)}=`}, ledger.now(), ledger.now())`.execute(databases.app);
  return id;
}

test('the database takes the moves that are drawn and no other', async () => {
  const drawn = new Set(
    consentStates.flatMap((from) => Object.values(legalMoves[from]).map((to) => `${from} ${to}`)),
  );
  for (const from of consentStates) {
    for (const to of consentStates.filter((state) => state !== from)) {
      const id = await insert(from);
      const update = sql`update consent.consent set state = ${to},
        version = case when ${to} = 'given' then greatest(version, 1) else version end,
        expires_at = case when ${to} = 'given' then timestamptz '2126-01-01' else expires_at end
        where consent_id = ${id}`.execute(databases.app);
      if (drawn.has(`${from} ${to}`)) await update;
      else await assert.rejects(update, /there is no move|check constraint/, `${from} to ${to}`);
    }
  }
});

test('a version follows the one before it, and never comes back', async () => {
  const id = await insert('given');
  const set = (version: number) =>
    sql`update consent.consent set version = ${version} where consent_id = ${id}`.execute(databases.app);
  await set(2);
  for (const version of [1, 4, 0]) await assert.rejects(set(version), /there is no move|check constraint/);
  await sql`update consent.consent set state = 'stopped' where consent_id = ${id}`.execute(databases.app);
  await assert.rejects(set(3), /there is no move/);
});
