// Answers that hold before anything is asked: a shut door, and ninety days of quiet after a no.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { endQuiet, findConsent, refuseConsent, requestConsent } from '../../src/consent/consents.ts';
import { keepQuiet, setDoor } from '../../src/household/door-store.ts';
import type { ClientId } from '../../src/lib/ids.ts';
import { approveAuthorization, denyAuthorization, openAuthorization } from '../../src/oauth/authorize.ts';
import { choiceOf, givenConsent, requestOf } from '../support/consent.ts';
import { allEntries } from '../support/entries.ts';
import { testHousehold } from '../support/household.ts';
import { moveClock } from '../support/move-clock.ts';
import { oauthBroker } from '../support/oauth-broker.ts';
import { push } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { databases, parts } = broker;
const db = databases.app;
const party = async (group: string, purposes = ['energy-advice', 'automation'] as const) =>
  (await broker.thirdParty({ group, purposes: [...purposes] })).thirdParty.clientId as ClientId;
const quietHome = async () => {
  const home = await testHousehold(parts);
  await keepQuiet(db, home.occupierId);
  return home;
};
const refuse = async (home: Awaited<ReturnType<typeof testHousehold>>, clientId: ClientId) => {
  const { consentId } = await requestConsent(parts, requestOf(home, { clientId }));
  await refuseConsent(parts, { consentId, occupierId: home.occupierId });
  return consentId;
};
const day = 86_400_000;

test('after a no the same group cannot ask for the same purpose for ninety days, and others can', async () => {
  const home = await quietHome();
  const [one, sister, stranger] = [await party('Watts'), await party('Watts'), await party('Volts')];
  await refuse(home, one);
  const stateOf = async (clientId: ClientId, terms = {}) =>
    (await requestConsent(parts, requestOf(home, { clientId, terms }))).state;
  assert.equal(await stateOf(one), 'refused');
  assert.equal(await stateOf(sister), 'refused', 'a group asks as one');
  assert.equal(await stateOf(stranger), 'requested');
  assert.equal(await stateOf(one, { purpose: 'automation' }), 'requested');
  const neighbour = await quietHome();
  const theirs = await requestConsent(parts, requestOf(neighbour, { clientId: one }));
  assert.equal(theirs.state, 'requested', 'it is one occupier’s own');
  await moveClock(db, 90 * day - 60_000);
  assert.equal(await stateOf(one), 'refused', 'a refusal that nobody saw does not make it longer');
  await moveClock(db, 61_000);
  assert.equal(await stateOf(one), 'requested');
});

test('an unseen request is in the ledger as asked and refused, by the broker', async () => {
  const home = await quietHome();
  const clientId = await party('Ohms');
  await refuse(home, clientId);
  const { consentId } = await requestConsent(parts, requestOf(home, { clientId }));
  const entries = (await allEntries(db)).filter(
    (entry) => 'consent_ref' in entry && entry.consent_ref === consentId,
  );
  assert.deepEqual(
    entries.map(({ kind, actor }) => `${kind} ${actor}`),
    ['consent.requested third-party', 'consent.refused broker'],
  );
});

test('a householder can let them ask again', async () => {
  const [home, stranger] = [await quietHome(), await quietHome()];
  const clientId = await party('Amps');
  const consentId = await refuse(home, clientId);
  await endQuiet(db, { consentId, occupierId: stranger.occupierId });
  assert.equal((await requestConsent(parts, requestOf(home, { clientId }))).state, 'refused');
  await endQuiet(db, { consentId, occupierId: home.occupierId });
  assert.equal((await requestConsent(parts, requestOf(home, { clientId }))).state, 'requested');
});

test('in a sandbox there is quiet for those alone who keep it, in production for everybody', async () => {
  const home = await testHousehold(parts);
  const clientId = await party('Joules');
  const consentId = await refuse(home, clientId);
  assert.equal((await findConsent(db, consentId))?.quietUntil, null);
  await sql`update ledger.log set mode = 'production'`.execute(databases.owner);
  const again = await refuse(home, clientId);
  await sql`update ledger.log set mode = 'sandbox'`.execute(databases.owner);
  const quiet = await findConsent(db, again);
  assert.equal((quiet?.quietUntil?.getTime() ?? 0) - (quiet?.changedAt.getTime() ?? 0) >= 90 * day, true);
});

test('behind a shut door every request is refused unseen; what is shared goes on; opened, the next one is shown', async () => {
  const home = await testHousehold(parts);
  const clientId = await party('Farads');
  const given = await givenConsent(parts, home, { clientId, terms: { purpose: 'automation' } });
  await setDoor(db, home.occupierId, 'shut');
  const refused = await requestConsent(parts, requestOf(home, { clientId }));
  assert.equal(refused.state, 'refused');
  assert.equal((await findConsent(db, given.consentId))?.state, 'given');
  await setDoor(db, home.occupierId, 'open');
  const shown = await requestConsent(parts, requestOf(home, { clientId }));
  assert.equal(shown.state, 'requested', 'a door that was shut leaves no quiet behind');
});

test('the third party gets the answer that any no gets, and the request is spent', async () => {
  const home = await testHousehold(parts);
  const rp = await broker.thirdParty();
  const told = async (
    answer: (address: { clientId: string; requestUri: string }) => Promise<string | null>,
  ) => {
    const pushed = await push(broker, rp);
    const url = new URL((await answer(pushed)) ?? 'nowhere:');
    await assert.rejects(openAuthorization(parts, pushed, home), { error: 'invalid_request_uri' });
    return [url.searchParams.get('error'), url.searchParams.get('code')];
  };
  const plain = await told((pushed) => denyAuthorization(parts, pushed, home));
  await setDoor(db, home.occupierId, 'shut');
  const opened = await told(async (pushed) => (await openAuthorization(parts, pushed, home)).refusedTo);
  const approval = { choice: choiceOf(home), signedBy: 'code' as const };
  const approved = await told((pushed) => approveAuthorization(parts, pushed, home, approval));
  assert.deepEqual(plain, ['access_denied', null]);
  assert.deepEqual([opened, approved], [plain, plain]);
});
