import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import request from 'supertest';
import type { ClientId } from '../../src/lib/ids.ts';
import { addDays, addMonths, localDateAt } from '../../src/lib/local-date.ts';
import { suspendThirdParty } from '../../src/registry/registry.ts';
import type { Registration } from '../../src/registry/third-party.ts';
import { oauthBroker, testDetail, testIssuer } from '../support/oauth-broker.ts';
import { newPkce, testKey, testRedirectUri } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { app, clock } = broker;
const party = await broker.thirdParty();
const parUrl = `${testIssuer}/oauth/par`;

const push = async (changes: Record<string, unknown> = {}, dpop?: string) => {
  const sent = request(app).post('/oauth/par').type('form');
  if (dpop) sent.set('DPoP', dpop);
  return sent.send(await party.pushForm(testDetail(clock), newPkce(), changes));
};
const pushDetail = (changes: object) =>
  push({ authorization_details: JSON.stringify([testDetail(clock, changes)]) });

test('a request is pushed: 201, an unguessable URN, a life under ten minutes, nothing cached', async () => {
  const answer = await push();
  assert.equal(answer.status, 201);
  assert.match(answer.body.request_uri, /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$/);
  assert.ok(answer.body.expires_in >= 60 && answer.body.expires_in < 600);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
});

test('the request_uri itself is not in the database', async () => {
  const { request_uri } = (await push()).body;
  const rows = await broker.databases.app
    .selectFrom('oauth.pushed_request')
    .select(['request_hash', 'state', 'detail'])
    .execute();
  assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(request_uri.slice(-43)));
});

test('another method is 405 and says which is right', async () => {
  for (const method of ['get', 'put', 'delete'] as const) {
    const answer = await request(app)[method]('/oauth/par');
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, 'POST');
  }
});

const withPort = testRedirectUri.replace('.example', '.example:443');
const wrong: [string, Record<string, unknown>, string][] = [
  ['a request_uri', { request_uri: 'urn:x' }, 'invalid_request'],
  ['a request object', { request: 'a.b.c' }, 'invalid_request'],
  ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
  ['the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['no challenge method', { code_challenge_method: undefined }, 'invalid_request'],
  ['a challenge of 42 characters', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
  ['a challenge that is not base64url', { code_challenge: `${'a'.repeat(42)}=` }, 'invalid_request'],
  ['no redirect_uri', { redirect_uri: undefined }, 'invalid_request'],
  ['a redirect_uri with more path', { redirect_uri: `${testRedirectUri}/x` }, 'invalid_request'],
  ['a redirect_uri with a query', { redirect_uri: `${testRedirectUri}?x=1` }, 'invalid_request'],
  ['a redirect_uri with its port', { redirect_uri: withPort }, 'invalid_request'],
  ['a redirect_uri in capitals', { redirect_uri: testRedirectUri.toUpperCase() }, 'invalid_request'],
  ['a redirect_uri over http', { redirect_uri: testRedirectUri.replace('https', 'http') }, 'invalid_request'],
  ['no response_type', { response_type: undefined }, 'invalid_request'],
  ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
  ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ['a scope', { scope: 'meter:read' }, 'invalid_scope'],
  ['another resource', { resource: 'https://other.example' }, 'invalid_target'],
  ['a malformed dpop_jkt', { dpop_jkt: 'x' }, 'invalid_request'],
  ['a state with a character that no text can hold', { state: 'a\0b' }, 'invalid_request'],
  ['a state that is too long', { state: 's'.repeat(2001) }, 'invalid_request'],
  ['a grant_id', { grant_id: 'grant_x' }, 'invalid_request'],
  ['no details', { authorization_details: undefined }, 'invalid_authorization_details'],
  ['details that are not JSON', { authorization_details: '{' }, 'invalid_authorization_details'],
  ['details that are not an array', { authorization_details: '{}' }, 'invalid_authorization_details'],
  ['no detail at all', { authorization_details: '[]' }, 'invalid_authorization_details'],
  ['a detail that is not an object', { authorization_details: '[1]' }, 'invalid_authorization_details'],
  ['a null detail', { authorization_details: '[null]' }, 'invalid_authorization_details'],
  [
    'details that are too long',
    { authorization_details: `["${'x'.repeat(5000)}"]` },
    'invalid_authorization_details',
  ],
];

describe('PAR refuses with 400', () => {
  for (const [name, changes, error] of wrong)
    test(name, async () => {
      const answer = await push(changes);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, error, answer.body.error_description);
      assert.match(answer.body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    });
});

const wrongDetails: [string, object, RegExp][] = [
  ['an unknown type', { type: 'meter_writings' }, /type is/],
  ['no type', { type: undefined }, /type is/],
  ['an unknown field', { extra: 1 }, /extra/],
  ['a purpose that does not exist', { purpose: 'curiosity' }, /purpose/],
  ['a purpose of another class', { purpose: 'underwriting' }, /not registered/],
  ['a purpose that is not registered', { purpose: 'automation' }, /not registered/],
  ['no purpose', { purpose: undefined }, /purpose/],
  ['fuels that are not an array', { fuels: 'electricity' }, /fuels/],
  ['no fuel', { fuels: [] }, /fuels/],
  ['a fuel twice', { fuels: ['gas', 'gas'] }, /twice/],
  ['an unknown register', { registers: ['net'] }, /registers/],
  ['a resolution that does not exist', { resolution: 'PT1S' }, /resolution/],
  ['a date that does not exist', { from: '2026-02-30' }, /from/],
  ['a window that ends as it begins', { from: '2026-02-02', until: '2026-02-02' }, /before/],
  ['until more than a year ahead', { until: '2199-01-01' }, /months ahead/],
  ['from too far back', { from: '1999-01-01' }, /months back/],
  ['a note that was not approved', { note: 'advice-2' }, /approved/],
  ['a note that every object has', { note: 'constructor' }, /approved/],
  ['once that is not a boolean', { once: 'yes' }, /once/],
];

describe('PAR refuses as invalid_authorization_details', () => {
  for (const [name, changes, why] of wrongDetails)
    test(name, async () => {
      const answer = await pushDetail(changes);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error, 'invalid_authorization_details');
      assert.match(answer.body.error_description, why);
    });
});

test('two details are refused: a consent has one purpose', async () => {
  const details = JSON.stringify([testDetail(clock), testDetail(clock)]);
  assert.equal((await push({ authorization_details: details })).body.error, 'invalid_authorization_details');
});

test('a resolution finer than the purpose of the class may have is refused', async () => {
  const insurer = await broker.thirdParty({ class: 'insurer', purposes: ['underwriting'] });
  const pushed = async (resolution: string) => {
    const detail = testDetail(clock, { purpose: 'underwriting', resolution, note: undefined });
    return request(app)
      .post('/oauth/par')
      .type('form')
      .send(await insurer.pushForm(detail, newPkce()));
  };
  assert.equal((await pushed('P1M')).status, 201);
  assert.match((await pushed('P1D')).body.error_description, /finest resolution is P1M/);
});

const today = () => localDateAt(clock.nowMs(), 'UTC');

describe('PAR refuses early what the policies would refuse later:', () => {
  const cases: [string, () => Promise<Partial<Registration>>, () => object, RegExp][] = [
    [
      'council tax',
      async () => ({ class: 'council', purposes: ['fuel-poverty'] }),
      () => ({ purpose: 'council-tax' }),
      /council-tax is refused as a purpose/,
    ],
    [
      'what the licence gives',
      async () => ({ class: 'supplier', purposes: ['billing'] }),
      () => ({ purpose: 'billing' }),
      /not asked of a householder/,
    ],
    [
      'days of an adviser in the group of an insurer',
      async () => {
        await broker.thirdParty({ class: 'insurer', purposes: ['claim'], group: 'One plc' });
        return { group: 'One plc' };
      },
      () => ({ resolution: 'P1D' }),
      /finest resolution is P1M, over you, your group and your recipients/,
    ],
    [
      'readings that would reach a network operator',
      async () => {
        const { thirdParty } = await broker.thirdParty({
          class: 'network-operator',
          purposes: ['network-planning'],
        });
        return { recipients: [thirdParty.clientId] };
      },
      () => ({}),
      /would reach a network-operator/,
    ],
    [
      'a recipient that is suspended',
      async () => {
        const { thirdParty } = await broker.thirdParty({
          class: 'researcher',
          purposes: ['research'],
          ethicsNumber: '1',
        });
        const clientId = thirdParty.clientId as ClientId;
        await suspendThirdParty({ ...broker.parts, production: false }, clientId, 'A test.');
        return { recipients: [clientId] };
      },
      () => ({}),
      /not in good standing/,
    ],
    [
      'underwriting that is passed on',
      async () => {
        const { thirdParty } = await broker.thirdParty({ class: 'insurer', purposes: ['claim'] });
        return { class: 'insurer', purposes: ['underwriting'], recipients: [thirdParty.clientId] };
      },
      () => ({ purpose: 'underwriting', resolution: 'P1M' }),
      /not passed on/,
    ],
    [
      'a comparison of prices over more than thirty days',
      async () => ({ class: 'price-comparison', purposes: ['tariff-comparison'] }),
      () => ({ purpose: 'tariff-comparison', resolution: 'P1M', until: addDays(today(), 40) }),
      /30 days ahead, or the request is for a single read/,
    ],
    [
      'adverts more than six months back',
      async () => ({ class: 'advertiser', purposes: ['marketing'] }),
      () => ({ purpose: 'marketing', resolution: 'P1M', from: addMonths(today(), -8) }),
      /for marketing from is at most 6 months back/,
    ],
  ];
  for (const [name, registered, changes, why] of cases)
    test(name, async () => {
      const asking = await broker.thirdParty(await registered());
      const answer = await request(app)
        .post('/oauth/par')
        .type('form')
        .send(await asking.pushForm(testDetail(clock, { note: undefined, ...changes() }), newPkce()));
      assert.equal(answer.body.error, 'invalid_authorization_details');
      assert.match(answer.body.error_description, why);
    });

  test('but a single read of a comparison may be made later', async () => {
    const asking = await broker.thirdParty({ class: 'price-comparison', purposes: ['tariff-comparison'] });
    const detail = {
      purpose: 'tariff-comparison',
      resolution: 'P1M',
      until: addDays(today(), 40),
      once: true,
    };
    const answer = await request(app)
      .post('/oauth/par')
      .type('form')
      .send(await asking.pushForm(testDetail(clock, { note: undefined, ...detail }), newPkce()));
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  });
});

test('a DPoP proof or dpop_jkt binds the code; both must name one key', async () => {
  const other = await testKey();
  assert.equal((await push({}, await party.proof('POST', parUrl))).status, 201);
  const mismatch = await push({ dpop_jkt: 'A'.repeat(43) }, await party.proof('POST', parUrl, {}, {}, other));
  assert.equal(mismatch.body.error, 'invalid_request');
  const broken = await push({}, await party.proof('POST', testIssuer));
  assert.deepEqual([broken.status, broken.body.error], [400, 'invalid_dpop_proof']);
  const jkts = await broker.databases.app
    .selectFrom('oauth.pushed_request')
    .select('dpop_jkt')
    .where('dpop_jkt', 'is not', null)
    .execute();
  assert.equal(jkts.length, 1);
});

test('a state of a thousand characters is taken', async () => {
  assert.equal((await push({ state: 's'.repeat(1000) })).status, 201);
});

test('a body that is too large, or no form, is refused in the form of RFC 6749', async () => {
  const large = await push({ x: 'a'.repeat(100_000) });
  assert.deepEqual([large.status, large.body.error], [413, 'invalid_request']);
  const json = await request(app).post('/oauth/par').send({ response_type: 'code' });
  assert.deepEqual([json.status, json.body.error], [400, 'invalid_request']);
  const empty = await request(app).post('/oauth/par');
  assert.deepEqual([empty.status, empty.body.error], [400, 'invalid_request']);
});

test('a suspended third party is told so, after it has proved who it is', async () => {
  const suspended = await broker.thirdParty();
  const { databases, ledger } = broker;
  const parts = { db: databases.app, ledger, production: false };
  await suspendThirdParty(parts, suspended.thirdParty.clientId as never, 'inquiry');
  const form = await suspended.pushForm(testDetail(clock), newPkce());
  const answer = await request(app).post('/oauth/par').type('form').send(form);
  assert.deepEqual([answer.status, answer.body.error], [400, 'unauthorized_client']);
});
