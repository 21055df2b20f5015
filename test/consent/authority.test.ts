import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { recordAuthority } from '../../src/household/authority.ts';
import { givenConsent } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testHousehold } from '../support/household.ts';
import { testLedger } from '../support/ledger.ts';

const databases = await testDatabases();
const ledger = await testLedger(databases);
after(async () => {
  await ledger.close();
  await databases.close();
});
const parts = { db: databases.app, ledger };
const lastGiven = async () =>
  (await allEntries(parts.db)).filter(({ kind }) => kind === 'consent.given').at(-1);

test('who answers for a home as an attorney says so, is shown that, and the entry does not tell whose papers', async () => {
  const home = await testHousehold(parts);
  await recordAuthority(parts.db, home.email, { kind: 'attorney', reference: 'OPG 7000-1234' });
  const { wording } = await givenConsent(parts, home);
  const said = wording.lines.find(({ part }) => part === 'giver')?.text ?? '';
  assert.match(said, /as an attorney/);
  assert.doesNotMatch(said, /I live here/);
  const entry = await lastGiven();
  assert.partialDeepStrictEqual(entry, { answered_as: 'attorney' });
  assert.ok(entry && 'commit' in entry && 'authority' in entry.commit);
  assert.doesNotMatch(JSON.stringify(entry), /7000/);
});

test('an authority that was taken back is said no more, and nobody has one who does not sign in', async () => {
  const home = await testHousehold(parts);
  await recordAuthority(parts.db, home.email, { kind: 'deputy', reference: 'COP 1' });
  await recordAuthority(parts.db, home.email, null);
  const { wording } = await givenConsent(parts, home);
  assert.match(wording.lines.find(({ part }) => part === 'giver')?.text ?? '', /I live here/);
  const entry = await lastGiven();
  assert.ok(entry && !('answered_as' in entry));
  await assert.rejects(recordAuthority(parts.db, 'nobody@example.org', null), { code: 'not_found' });
});
