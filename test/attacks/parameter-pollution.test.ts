// Parameters sent twice, in two places, nested, or in another form than asked for: one meaning, or none.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { type BareParty, type BareToken, bareParty, bareToken, readyRead } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { closedDay, recentWindow, type TestHome, testHome } from '../support/journey.ts';
import { newPkce, sha256Base64url } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let home: TestHome;
let party: BareParty;
let given: BareToken;
before(async () => {
  broker = await testBroker({ databases });
  home = await testHome(broker, 1);
  party = await bareParty(broker);
  given = await bareToken(broker, party, home);
});
after(async () => {
  await broker.close();
  await databases.close();
});

const detail = () => ({
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity'],
  resolution: 'P1D',
  ...recentWindow(broker),
});
const form = async (changes: object = {}) =>
  new URLSearchParams(await party.rp.pushForm(detail(), newPkce(), changes as never));
const urlencoded = 'application/x-www-form-urlencoded';

async function post(path: string, body: string, type = urlencoded, headers: Record<string, string> = {}) {
  const answer = await fetch(`${broker.issuer}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  });
  const text = await answer.text();
  return { status: answer.status, error: /"error":"([a-z_]+)"/.exec(text)?.[1], text };
}

test('every parameter of a pushed request, sent twice, refuses it, equal or not', async () => {
  for (const name of (await form()).keys())
    for (const value of ['other', (await form()).get(name) as string]) {
      const twice = await form();
      twice.append(name, value);
      const { status, error } = await post('/oauth/par', twice.toString());
      assert.deepEqual([status, error], [400, 'invalid_request'], name);
    }
});

test('every parameter of a token request, sent twice, refuses it', async () => {
  const once = async () => new URLSearchParams(await party.rp.refreshForm(given.refreshToken));
  for (const name of (await once()).keys()) {
    const twice = await once();
    twice.append(name, 'other');
    const DPoP = await party.rp.proof('POST', `${broker.issuer}/oauth/token`);
    const { status, error } = await post('/oauth/token', twice.toString(), urlencoded, { DPoP });
    assert.deepEqual([status, error], [400, 'invalid_request'], name);
  }
});

test('what stands in the address of a request is never read as its body', async () => {
  const { status, error } = await post(`/oauth/par?${await form()}`, '');
  assert.deepEqual([status, error], [401, 'invalid_client']);
  const redirected = await post('/oauth/par?redirect_uri=https://evil.example/', (await form()).toString());
  assert.equal(redirected.status, 201, 'the body alone counts');
});

test('other spellings of a name are other names, and change nothing', async () => {
  for (const name of [
    'redirect_uri[]',
    'redirect_uri[0]',
    'redirect_uri.x',
    'Redirect_uri',
    'redirect%00_uri',
    'redirect_uri ',
  ]) {
    const without = await form({ redirect_uri: undefined });
    const body = `${without}&${name}=${encodeURIComponent(party.redirectUri)}`;
    const { status, error } = await post('/oauth/par', body);
    // A NUL or a space belongs to the name.
    assert.deepEqual([status, error], [400, 'invalid_request'], name);
  }
  const extra = await form();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) extra.append(name, 'x');
  assert.equal((await post('/oauth/par', extra.toString())).status, 201);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test('a semicolon divides nothing', async () => {
  const body = (await form({ state: undefined })).toString();
  const { status } = await post('/oauth/par', `${body}&state=a;redirect_uri=https://evil.example/`);
  assert.equal(status, 201);
});

test('another type of body, another charset and a broken one are refused', async () => {
  const body = await form();
  const json = JSON.stringify(Object.fromEntries(body));
  for (const [type, sent] of [
    ['application/json', json],
    ['text/plain', body.toString()],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="state"\r\n\r\na\r\n--x--`,
    ],
    [`${urlencoded}; charset=utf-7`, body.toString()],
    [`${urlencoded}; charset=utf-16`, body.toString()],
  ] as const) {
    const { status, error } = await post('/oauth/par', sent, type);
    assert.deepEqual([status, error], [400, 'invalid_request'], type);
  }
  const squeezed = await post('/oauth/par', body.toString(), urlencoded, { 'content-encoding': 'gzip' });
  assert.deepEqual([squeezed.status, squeezed.error], [400, 'invalid_request']);
});

test('a detail with a member twice, hidden or inherited is refused or means one thing', async () => {
  const text = JSON.stringify(detail());
  const withMembers = (more: string) => `[${text.slice(0, -1)},${more}}]`;
  for (const more of [
    '"__proto__":{"resolution":"PT30M"}',
    '"constructor":{"prototype":{}}',
    '"Resolution":"PT30M"',
    '"resolution ":"PT30M"',
    '"resolution\\u0000":"PT30M"',
  ]) {
    const { status, error } = await post(
      '/oauth/par',
      (await form({ authorization_details: withMembers(more) })).toString(),
    );
    assert.deepEqual([status, error], [400, 'invalid_authorization_details'], more);
  }
  for (const authorization_details of [
    `${text}`,
    `[${text},${text}]`,
    `[[${text}]]`,
    `[${text}`,
    'null',
    '[]',
    '""',
  ])
    assert.equal((await post('/oauth/par', (await form({ authorization_details })).toString())).status, 400);
});

test('a read whose window or resolution is named twice is refused', async () => {
  const query = { ...closedDay(broker), resolution: 'P1D' };
  for (const [name, value] of Object.entries(query)) {
    const path = `/v1/meter-points/${given.meterRef}/readings`;
    const DPoP = await party.rp.proof('GET', `${broker.issuer}${path}`, {
      ath: sha256Base64url(given.token),
    });
    const search = `${new URLSearchParams(query)}&${name}=${value}`;
    const answer = await fetch(`${broker.issuer}${path}?${search}`, {
      headers: { authorization: `DPoP ${given.token}`, DPoP },
    });
    assert.equal(answer.status, 400, name);
  }
  assert.equal((await (await readyRead(broker, party, given, query))()).status, 200);
});

test('two Authorization headers are refused, whichever is good', async () => {
  const path = `/v1/meter-points/${given.meterRef}/readings`;
  const search = new URLSearchParams({ ...closedDay(broker), resolution: 'P1D' });
  const proof = () => party.rp.proof('GET', `${broker.issuer}${path}`, { ath: sha256Base64url(given.token) });
  const raw = (headers: string[]) =>
    new Promise<number>((done, fail) => {
      httpRequest(`${broker.issuer}${path}?${search}`, { headers }, (res) => {
        res.resume();
        done(res.statusCode ?? 0);
      })
        .once('error', fail)
        .end();
    });
  const good = `DPoP ${given.token}`;
  const host = new URL(broker.issuer).host;
  const both = async (first: string, second: string) =>
    raw(['Host', host, 'Authorization', first, 'DPoP', await proof(), 'authorization', second]);
  assert.equal(await both(good, 'Bearer x'), 401);
  assert.equal(await both('Bearer x', good), 401);
  assert.equal(await both(good, good), 401);
  assert.equal(await raw(['Host', host, 'Authorization', good, 'DPoP', await proof()]), 200);
});

test('an authorization page whose parameters come twice is no page of anybody’s', async () => {
  const pushed = JSON.parse((await post('/oauth/par', (await form()).toString())).text);
  const query = new URLSearchParams({ client_id: party.clientId, request_uri: pushed.request_uri });
  const open = async (search: string) =>
    (await fetch(`${broker.issuer}/authorize?${search}`, { redirect: 'manual' })).status;
  assert.equal(await open(`${query}&client_id=${party.clientId}`), 400);
  assert.equal(await open(`${query}&request_uri=${encodeURIComponent(pushed.request_uri)}`), 400);
  assert.equal(await open(`${query}&client_id[]=x`), 303, 'to sign in: the two that count come once');
});
