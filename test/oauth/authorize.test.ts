import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findConsent } from '../../src/consent/consents.ts';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import {
  approveAuthorization,
  denyAuthorization,
  openAuthorization,
  sessionLifetimeSeconds,
} from '../../src/oauth/authorize.ts';
import { requestLifetimeSeconds } from '../../src/oauth/pushed-request.ts';
import { suspendThirdParty } from '../../src/registry/registry.ts';
import { choiceOf } from '../support/consent.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';
import { approve, push } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { clock, parts, databases } = broker;
const party = await broker.thirdParty();
const home = await testHousehold(parts);
const later = (seconds: number) => clock.move(clock.nowMs() + seconds * 1000);
const share = (choice: Parameters<typeof choiceOf>[1] = {}, who = home) => ({
  choice: choiceOf(who, choice),
  signedBy: 'code' as const,
});
const unknownUri = { error: 'invalid_request_uri', status: 400 };

const kindsOf = async (consentRef: string | undefined): Promise<string[]> =>
  (await Array.fromAsync(readEntries(databases.app, 1, 0, 1000)))
    .map((text) => JSON.parse(parseEntry(text).body))
    .filter((body) => body.consent_ref === consentRef)
    .map((body) => body.kind);

test('approving redirects to the registered address with code, state and issuer, and nothing else', async () => {
  const { url, code } = await approve(broker, await push(broker, party), home);
  assert.equal(url.origin + url.pathname, party.thirdParty.redirectUri);
  assert.match(code, /^[A-Za-z0-9_-]{43}$/);
  assert.deepEqual([...url.searchParams.keys()].sort(), ['code', 'iss', 'state']);
  assert.equal(url.searchParams.get('state'), 'state-1');
  assert.equal(url.searchParams.get('iss'), testIssuer);
  assert.equal(url.hash, '');
});

test('a long and strange state comes back exactly, and none where none was sent', async () => {
  const state = `${'ä&=+ #%'.repeat(120)}"\\`;
  const long = await approve(broker, await push(broker, party, { form: { state } }), home);
  assert.equal(long.url.searchParams.get('state'), state);
  const none = await approve(broker, await push(broker, party, { form: { state: undefined } }), home);
  assert.ok(!none.url.searchParams.has('state'));
});

test('an address that has a query keeps it as it was registered', async () => {
  const redirectUri = 'https://third-party.example/callback?tenant=a%20b';
  const other = await broker.thirdParty({ redirectUris: [redirectUri] });
  const { url } = await approve(
    broker,
    await push(broker, other, { form: { redirect_uri: redirectUri } }),
    home,
  );
  assert.ok(url.href.startsWith(`${redirectUri}&code=`), url.href);
});

test('opening it twice is one request, and approving then succeeds', async () => {
  const pushed = await push(broker, party);
  const before = await openAuthorization(parts, pushed, null);
  assert.equal(before.consent, null);
  assert.equal(before.thirdParty.clientId, pushed.clientId);
  assert.equal(before.detail.purpose, 'energy-advice');
  const first = await openAuthorization(parts, pushed, home);
  const second = await openAuthorization(parts, pushed, home);
  assert.equal(first.consent?.consentId, second.consent?.consentId);
  await approveAuthorization(parts, pushed, home, share());
  assert.deepEqual(await kindsOf(first.consent?.consentId), ['consent.requested', 'consent.given']);
});

test('a request_uri is spent by the answer: after approving and after denying it is unknown', async () => {
  const approved = await push(broker, party);
  await approve(broker, approved, home);
  await assert.rejects(openAuthorization(parts, approved, home), unknownUri);
  await assert.rejects(approveAuthorization(parts, approved, home, share()), unknownUri);
  const denied = await push(broker, party);
  await denyAuthorization(parts, denied, home);
  await assert.rejects(approveAuthorization(parts, denied, home, share()), unknownUri);
});

test('another third party cannot use it, and a made-up one is unknown', async () => {
  const pushed = await push(broker, party);
  const other = await broker.thirdParty();
  await assert.rejects(
    openAuthorization(parts, { ...pushed, clientId: other.thirdParty.clientId }, null),
    unknownUri,
  );
  for (const requestUri of ['', 'urn:x', `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`])
    await assert.rejects(openAuthorization(parts, { ...pushed, requestUri }, null), unknownUri);
});

test('it must be opened in time; once opened, a slow reader has the session', async () => {
  const missed = await push(broker, party);
  const opened = await push(broker, party);
  await openAuthorization(parts, opened, null);
  await later(requestLifetimeSeconds + 1);
  await assert.rejects(openAuthorization(parts, missed, home), unknownUri);
  await approve(broker, opened, home);

  const slow = await push(broker, party);
  await openAuthorization(parts, slow, home);
  await later(sessionLifetimeSeconds / 2);
  await openAuthorization(parts, slow, home);
  await later(sessionLifetimeSeconds / 2 + 1);
  await assert.rejects(approveAuthorization(parts, slow, home, share()), unknownUri);
});

test('denying redirects with access_denied, issues nothing and is an entry', async () => {
  const pushed = await push(broker, party);
  const { consent } = await openAuthorization(parts, pushed, home);
  const url = new URL(await denyAuthorization(parts, pushed, home));
  assert.equal(url.origin + url.pathname, party.thirdParty.redirectUri);
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    error: 'access_denied',
    state: 'state-1',
    iss: testIssuer,
  });
  assert.deepEqual(await kindsOf(consent?.consentId), ['consent.requested', 'consent.refused']);
  const grants = await databases.app
    .selectFrom('oauth.grant')
    .select('grant_id')
    .where('consent_id', '=', consent?.consentId ?? '')
    .execute();
  assert.deepEqual(grants, []);
});

test('of ten approvals and a denial at once one is taken: one grant, one code', async () => {
  const pushed = await push(broker, party);
  const { consent } = await openAuthorization(parts, pushed, home);
  const answers = await Promise.allSettled([
    ...Array.from({ length: 10 }, () => approveAuthorization(parts, pushed, home, share())),
    denyAuthorization(parts, pushed, home),
  ]);
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  const codes = await databases.app
    .selectFrom('oauth.grant as g')
    .innerJoin('oauth.authorization_code as c', 'c.grant_id', 'g.grant_id')
    .select('c.code_hash')
    .where('g.consent_id', '=', consent?.consentId ?? '')
    .execute();
  const given = (await findConsent(databases.app, consent?.consentId as never))?.state === 'given';
  assert.equal(codes.length, given ? 1 : 0);
});

test('two households that open one request: only one of them can answer it', async () => {
  const neighbour = await testHousehold(parts);
  const pushed = await push(broker, party);
  await openAuthorization(parts, pushed, home);
  const theirs = await openAuthorization(parts, pushed, neighbour);
  await approve(broker, pushed, home);
  await assert.rejects(approveAuthorization(parts, pushed, neighbour, share({}, neighbour)), unknownUri);
  assert.equal((await findConsent(databases.app, theirs.consent?.consentId as never))?.state, 'requested');
});

test('two households that share at the same moment: one grant, and the other is told', async () => {
  for (let round = 0; round < 5; round++) {
    const neighbour = await testHousehold(parts);
    const pushed = await push(broker, party);
    await openAuthorization(parts, pushed, home);
    await openAuthorization(parts, pushed, neighbour);
    const answers = await Promise.allSettled([
      approveAuthorization(parts, pushed, home, share()),
      approveAuthorization(parts, pushed, neighbour, share({}, neighbour)),
    ]);
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const answer of answers)
      if (answer.status === 'rejected') assert.equal(answer.reason.error, 'invalid_request_uri');
  }
});

test('a choice of more than was asked is refused and spends nothing', async () => {
  const pushed = await push(broker, party);
  await assert.rejects(approveAuthorization(parts, pushed, home, share({ resolution: 'PT30M' })), {
    code: 'invalid_request',
  });
  await assert.rejects(approveAuthorization(parts, pushed, home, share({ meterPoints: [] })), {
    code: 'invalid_request',
  });
  await approve(broker, pushed, home);
});

test('when the entry cannot be written nothing is given, no code exists, and the request can be answered later', async () => {
  const pushed = await push(broker, party);
  const { consent } = await openAuthorization(parts, pushed, home);
  const down = {
    ...parts,
    ledger: { ...parts.ledger, appendWithin: () => Promise.reject(new Error('down')) },
  };
  await assert.rejects(approveAuthorization(down, pushed, home, share()), { code: 'ledger_unavailable' });
  assert.equal((await findConsent(databases.app, consent?.consentId as never))?.state, 'requested');
  await approve(broker, pushed, home);
});

test('a third party that was suspended meanwhile gets nothing', async () => {
  const suspended = await broker.thirdParty();
  const pushed = await push(broker, suspended);
  await suspendThirdParty({ ...parts, production: false }, suspended.thirdParty.clientId as never, 'inquiry');
  await assert.rejects(openAuthorization(parts, pushed, home), { code: 'third_party_suspended' });
});
