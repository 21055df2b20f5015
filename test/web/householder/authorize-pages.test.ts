import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { findConsent, listOccupierConsents } from '../../../src/consent/consents.ts';
import { wordingText } from '../../../src/consent/wording.ts';
import type { ConsentId } from '../../../src/lib/ids.ts';
import { forbiddenWordsIn } from '../../support/forbidden-words.ts';
import { type TestHousehold, testHousehold } from '../../support/household.ts';
import {
  householderPages,
  pagesIssuer,
  signIn,
  textOf,
  type Visitor,
  visitor,
} from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';
import { push, requestToken } from '../../support/oauth-flow.ts';

const broker = await oauthBroker();
const pages = householderPages(broker);
const parts = { db: broker.databases.app, ledger: broker.ledger };
after(() => broker.close());

let home: TestHousehold;
let who: Visitor;
beforeEach(async () => {
  home = await testHousehold(parts, { gas: true });
  who = visitor(pages.app);
});

async function pushed(detail: object = {}, form: Record<string, unknown> = {}) {
  const party = await broker.thirdParty();
  const request = await push(broker, party, { detail, form });
  const query = new URLSearchParams({ client_id: request.clientId, request_uri: request.requestUri });
  return { ...request, party, path: `/authorize?${query}` };
}

const latest = async () => (await listOccupierConsents(parts.db, home.occupierId))[0];
const meter = () => home.meterPoints.find((point) => point.fuel === 'electricity')?.meterPointId ?? '';

test('an address that holds what no text can hold is refused as malformed, and is no fault of ours', async () => {
  const { requestUri } = await pushed();
  const query = new URLSearchParams({ client_id: 'client_\0', request_uri: requestUri });
  assert.equal((await who.get(`/authorize?${query}`)).status, 400);
});

test('a request is opened, signed in for, shown in exactly the words that are kept, and given', async () => {
  const { path, party, pkce } = await pushed({}, { state: 'x'.repeat(1000) });
  const sent = await who.get(path);
  assert.equal(sent.status, 303);
  const done = await signIn(who, home.email, sent.headers.location);
  const page = await who.get(done.headers.location ?? '');
  assert.equal(page.status, 200);
  const consent = await latest();
  const text = textOf(page);
  for (const line of wordingText(consent?.wording ?? ({} as never)).split('\n')) {
    assert.ok(text.includes(line.trim()), line);
  }
  assert.match(text, /Brightwatt Ltd says: “We look for hours/);
  assert.deepEqual(forbiddenWordsIn(text), []);
  assert.doesNotMatch(page.text, /" checked/);
  const shared = await who.post(page, path, {
    ...{ decision: 'share', resolution: 'P1M', meter_points: meter() },
    ...{ from: consent?.asked.from, until: consent?.asked.until },
  });
  assert.equal(shared.status, 303);
  const target = new URL(shared.headers.location ?? '');
  assert.equal(`${target.origin}${target.pathname}`, 'https://third-party.example/callback');
  assert.equal(target.searchParams.get('state'), 'x'.repeat(1000));
  assert.equal(target.searchParams.get('iss'), pagesIssuer);
  const token = await requestToken(
    broker,
    party,
    await party.codeForm(target.searchParams.get('code') ?? '', pkce),
  );
  const [granted] = token.body.authorization_details;
  assert.deepEqual([granted.resolution, granted.meter_points.length], ['P1M', 1]);
});

test('a shorter time and fewer meters can be chosen, and only less', async () => {
  const { path } = await pushed({ fuels: ['electricity', 'gas'] });
  await signIn(who, home.email);
  const page = await who.get(path);
  const asked = (await latest())?.asked;
  const answer = { decision: 'share', resolution: 'P1D', meter_points: meter() };
  const faulty: [Record<string, string | undefined>, string][] = [
    [{ ...answer, resolution: undefined }, 'resolution'],
    [{ ...answer, meter_points: undefined }, 'meter_points'],
    [{ ...answer, resolution: 'PT30M' }, 'resolution'],
    [{ ...answer, from: '2001-01-01' }, 'from'],
    [{ ...answer, until: '2100-01-01' }, 'until'],
    [{ ...answer, from: '31/03/2026' }, 'from'],
    [{ ...answer, from: asked?.until, until: asked?.until }, 'until'],
  ];
  for (const [fields, field] of faulty) {
    const refused = await who.post(page, path, fields);
    assert.equal(refused.status, 400);
    assert.match(refused.text, new RegExp(`govuk-error-summary.*<a href="#${field}">`, 's'), field);
    assert.match(refused.text, new RegExp(`id="${field}-error"`));
    assert.match(refused.text, /<title>Error: Share your energy use/);
    if (fields.resolution === 'P1D') assert.match(refused.text, /value="P1D" checked/);
  }
  assert.equal((await latest())?.state, 'requested');
  const from = `${Number(asked?.from.slice(0, 4))}-12-31`;
  const later = from > (asked?.from ?? '') && from < (asked?.until ?? '') ? from : asked?.from;
  const shared = await who.post(page, path, { ...answer, from: later });
  assert.equal(shared.status, 303);
  const given = await latest();
  assert.deepEqual([given?.state, given?.terms.from, given?.meterPoints.length], ['given', later, 1]);
});

test('saying no goes back with access_denied and is kept; a second answer goes nowhere', async () => {
  const { path } = await pushed();
  await signIn(who, home.email);
  const page = await who.get(path);
  const refused = await who.post(page, path, { decision: 'refuse' });
  assert.equal(refused.status, 303);
  const target = new URL(refused.headers.location ?? '');
  assert.equal(target.searchParams.get('error'), 'access_denied');
  assert.equal(target.searchParams.get('iss'), pagesIssuer);
  assert.equal((await latest())?.state, 'refused');
  const again = await who.post(page, path, { decision: 'share', resolution: 'P1D', meter_points: meter() });
  assert.equal(again.status, 400);
  assert.equal(again.headers.location, undefined);
  assert.match(textOf(again), /This request is not open/);
});

test('two answers sent at once give one code', async () => {
  const { path } = await pushed();
  await signIn(who, home.email);
  const page = await who.get(path);
  const fields = { decision: 'share', resolution: 'P1D', meter_points: meter() };
  const answers = await Promise.all([1, 2, 3, 4].map(() => who.post(page, path, fields)));
  const codes = answers.filter((each) => each.headers.location?.includes('code='));
  assert.equal(codes.length, 1);
});

test('a form without its token, with another session’s, or from another site grants nothing', async () => {
  const { path } = await pushed();
  await signIn(who, home.email);
  const page = await who.get(path);
  const stranger = visitor(pages.app);
  await signIn(stranger, (await testHousehold(parts)).email);
  const theirs = await stranger.get('/consents');
  const fields = { decision: 'share', resolution: 'P1D', meter_points: meter() };
  const attempts = [
    who.post(page, path, { ...fields, form_token: undefined }),
    who.post(page, path, { ...fields, form_token: 'x' }),
    who.post(theirs, path, fields),
    who.post(page, path, fields, { Origin: 'https://evil.example' }),
    who.post(page, path, fields, { 'Sec-Fetch-Site': 'cross-site' }),
  ];
  for (const attempt of attempts) {
    const { status, text } = await attempt;
    assert.equal(status, 403);
    assert.match(text, /The form could not be used/);
  }
  assert.equal((await latest())?.state, 'requested');
  assert.equal((await who.post(page, path, fields, { Origin: pagesIssuer })).status, 303);
});

test('a request that is unknown, another’s, or not pushed at all is an error page and never a redirect', async () => {
  const { clientId, requestUri } = await pushed();
  const other = await pushed();
  const paths = [
    '/authorize',
    `/authorize?client_id=${clientId}&response_type=code&redirect_uri=https://evil.example`,
    `/authorize?client_id=${clientId}&request_uri=urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}`,
    `/authorize?client_id=${other.clientId}&request_uri=${encodeURIComponent(requestUri)}`,
    `/authorize?client_id=${clientId}&request_uri=a&request_uri=b`,
  ];
  for (const signedIn of [false, true]) {
    if (signedIn) await signIn(who, home.email);
    for (const path of paths) {
      const page = await who.get(path);
      assert.equal(page.status, 400, path);
      assert.equal(page.headers.location, undefined);
      assert.match(textOf(page), /This request is not open/);
    }
  }
});

test('the page may lead its form on, is never kept or framed, and shares with no origin', async () => {
  const { path } = await pushed();
  await signIn(who, home.email);
  const { headers } = await who.get(path);
  assert.match(headers['content-security-policy'] ?? '', /form-action 'self' https: http:\/\/localhost:\*/);
  assert.match(headers['content-security-policy'] ?? '', /frame-ancestors 'none'/);
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.doesNotMatch((await who.get('/consents')).headers['content-security-policy'] ?? '', /https:/);
});

test('the two answers weigh the same, nothing is chosen, and pressing Enter answers nothing', async () => {
  const { path } = await pushed({ resolution: 'PT30M' });
  await signIn(who, home.email);
  const { text } = await who.get(path);
  const classes = ['share', 'refuse'].map(
    (id) => new RegExp(`id="${id}"[^>]*class="([^"]*)"`).exec(text)?.[1],
  );
  assert.equal(classes[0], classes[1]);
  assert.equal(text.match(/type="radio"/g)?.length, 3);
  assert.doesNotMatch(text, /" checked/);
  const form = text.slice(text.indexOf('<form id="consent"'));
  assert.match(form.match(/<button[^>]*>/)?.[0] ?? '', /disabled/);
  for (const [, id] of text.matchAll(/<input (?!type="hidden")[^>]*id="([^"]+)"/g)) {
    assert.ok(text.includes(`<label class="govuk-label`) && text.includes(`for="${id}"`), id);
  }
});

test('a third party’s name cannot break out of the page', async () => {
  const party = await broker.thirdParty({ notes: {} });
  // The registry takes no such name; the page must not rely on that.
  const name = '<img src=x onerror=alert(1)> & "Co"';
  await broker.databases.owner
    .updateTable('registry.third_party')
    .set({ name, trading_name: name } as never)
    .where('client_id', '=', party.thirdParty.clientId)
    .execute();
  const request = await push(broker, party, { detail: { note: undefined } });
  const query = new URLSearchParams({ client_id: request.clientId, request_uri: request.requestUri });
  await signIn(who, home.email);
  const page = await who.get(`/authorize?${query}`);
  assert.doesNotMatch(page.text, /<img/);
  assert.match(page.text, /&lt;img src=x/);
});

test('opening twice asks once, and what was opened in time may be answered late', async () => {
  const { path } = await pushed();
  await signIn(who, home.email);
  await who.get(path);
  const first = (await latest())?.consentId;
  const page = await who.get(path);
  assert.equal((await latest())?.consentId, first);
  await broker.clock.move(broker.clock.nowMs() + 11 * 60_000);
  const fields = { decision: 'share', resolution: 'P1D', meter_points: meter() };
  assert.equal((await who.post(page, path, fields)).status, 303);
  assert.equal((await findConsent(parts.db, first as ConsentId))?.state, 'given');
});
