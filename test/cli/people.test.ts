// What an operator does for people: letters with codes, letters of consents, stopping for who phones. Each command is a
// process beside a broker that runs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { linkHome } from '../../src/consent/link-home.ts';
import { findOccupierByEmail } from '../../src/household/household-store.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import { testBroker } from '../support/broker.ts';
import { type Ran, stabledoor } from '../support/command.ts';
import { givenConsent } from '../support/consent.ts';
import { testDatabases } from '../support/database.ts';
import { allEntries } from '../support/entries.ts';
import { testHousehold } from '../support/household.ts';
import { testRegistration } from '../support/third-party.ts';

const databases = await testDatabases();
const broker = await testBroker({ databases, mode: 'sandbox' });
after(async () => {
  await broker.close();
  await databases.close();
});
const { parts } = broker;
const run = (...args: string[]): Promise<Ran> => stabledoor(broker.environment, args);
const { registration } = await testRegistration();
const { clientId } = await registerThirdParty(parts, registration);
const home = await testHousehold(parts);
const mpan = home.meterPoints[0]?.mpan ?? '';

test('a letter has a code that works, for the account it was made for', async () => {
  const ran = await run('household', 'link-code', '--meter-point', mpan, '--email', 'Ann@example.org');
  assert.equal(ran.code, 0, ran.err);
  const code = /^ {4}([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})$/m.exec(ran.out)?.[1] ?? '';
  assert.match(ran.out, /1 Mill Lane/);
  for (const line of ran.out.split('\n')) assert.ok(line.length <= 80, line);
  const ann = await findOccupierByEmail(parts.db, 'ann@example.org');
  assert.ok(ann);
  assert.ok(await linkHome(parts, { householdId: ann.householdId, code, freshStart: false }));
});

test('wrong usage is said in a line', async () => {
  const faults: [string[], RegExp][] = [
    [['household', 'link-code', '--meter-point', '999'], /999 is not known/],
    [['household', 'link-code', '--meter-point', mpan, '--from', 'soon'], /--from/],
    [['household', 'authority', '--email', home.email, '--kind', 'king'], /--kind/],
    [['household', 'authority', '--email', home.email, '--kind', 'deputy'], /--reference/],
    [['consent', 'stop', 'x', '--on-behalf', '--reason', 'phone'], /no consent id/],
    [['consent', 'stop', `consent_${'a'.repeat(22)}`, '--on-behalf', '--reason', 'mood'], /--reason/],
    [['consent', 'stop', `consent_${'a'.repeat(22)}`, '--reason', 'phone'], /--on-behalf/],
    [['consent', 'letter', `consent_${'a'.repeat(22)}`], /consent/],
    [['consent', 'list', '--email', 'nobody@example.org'], /Nobody signs in/],
  ];
  for (const [args, complaint] of faults) {
    const ran = await run(...args);
    assert.notEqual(ran.code, 0, args.join(' '));
    assert.match(ran.err, complaint, args.join(' '));
    assert.equal(ran.err.trim().split('\n').length, 1, ran.err);
  }
});

test('an operator finds, prints and stops a consent, and the entry says that it was for the giver', async () => {
  const { consentId } = await givenConsent(parts, home, { clientId });
  const list = JSON.parse((await run('consent', 'list', '--email', home.email, '--json')).out);
  assert.deepEqual(list, [
    {
      consent_id: consentId,
      state: 'given',
      purpose: 'energy-advice',
      third_party: 'Brightwatt Ltd',
    },
  ]);
  const letter = await run('consent', 'letter', consentId);
  assert.match(letter.out, new RegExp(`Number of this consent: ${consentId}`));
  assert.match(letter.out, /you said yes \(entry \d+ of our record\)/);
  const stopped = await run('consent', 'stop', consentId, '--on-behalf', '--reason', 'phone', '--json');
  assert.deepEqual(JSON.parse(stopped.out), { consent_id: consentId, state: 'stopped', recorded: 'entry' });
  assert.partialDeepStrictEqual((await allEntries(parts.db)).at(-1), {
    ...{ kind: 'consent.stopped', actor: 'operator', through: 'phone', consent_ref: consentId },
  });
  const again = JSON.parse(
    (await run('consent', 'stop', consentId, '--on-behalf', '--reason', 'post', '--json')).out,
  );
  assert.equal(again.recorded, 'before');
});

test('a stop for who phones is kept where no broker can be opened (P2)', async () => {
  const stopping = ['--on-behalf', '--reason', 'phone', '--json'];
  const states: [string, Record<string, string>, () => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'the ledger refuses the application',
      {},
      () =>
        sql`revoke execute on function ledger.open_log(smallint, text, text) from stabledoor_app`.execute(
          databases.owner,
        ),
      () =>
        sql`grant execute on function ledger.open_log(smallint, text, text) to stabledoor_app`.execute(
          databases.owner,
        ),
    ],
    [
      'the meter store does not answer',
      { STABLEDOOR_METER_STORE_URL: 'postgres://nobody@127.0.0.1:1/none' },
      async () => {},
      async () => {},
    ],
  ];
  for (const [name, environment, begin, end] of states) {
    const { consentId } = await givenConsent(parts, home, { clientId });
    await begin();
    const ran = await stabledoor({ ...broker.environment, ...environment }, [
      'consent',
      'stop',
      consentId,
      ...stopping,
    ]).finally(end);
    assert.equal(ran.code, 0, `${name}: ${ran.err}`);
    assert.deepEqual(
      JSON.parse(ran.out),
      { consent_id: consentId, state: 'stopped', recorded: 'pending' },
      name,
    );
  }
});
