// Addresses that look like a registered one, to a parser, a browser or a person. None of them can be asked for, none can be
// registered, and a request that is refused sends the browser nowhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { redirectUriFault } from '../../src/registry/redirect-uri.ts';
import { type BareParty, bareParty, postForm } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { recentWindow } from '../support/journey.ts';
import { newPkce, testKey } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let party: BareParty;
before(async () => {
  const environment = { STABLEDOOR_RATE_LIMITS: 'registrations=1000/60,failures=10000/60' };
  broker = await testBroker({ databases, mode: 'sandbox', environment });
  party = await bareParty(broker);
});
after(async () => {
  await broker.close();
  await databases.close();
});

// Registered is https://third-party.example/callback.
const tricks = [
  'https://third-party.example/callback/',
  'https://third-party.example/callback?',
  'https://third-party.example/callback?next=https://evil.example',
  'https://third-party.example/callback#',
  'https://third-party.example/callback#@evil.example',
  'https://third-party.example/Callback',
  'https://THIRD-PARTY.example/callback',
  'HTTPS://third-party.example/callback',
  'https://third-party.example:443/callback',
  'https://third-party.example:8443/callback',
  'https://third-party.example./callback',
  'https://third-party.example//callback',
  'https://third-party.example/./callback',
  'https://third-party.example/x/../callback',
  'https://third-party.example/%2e/callback',
  'https://third-party.example/callback/%2e%2e/open-redirect',
  'https://third-party.example/callback%2f..%2fopen',
  'https://third-party.example/%63allback',
  'https://third-party.example/callback%00',
  'https://third-party.example/callback%0d%0aLocation:%20https://evil.example',
  'https://third-party.example/callback\n',
  'https://third-party.example/callback ',
  ' https://third-party.example/callback',
  'https://third-party.example/callback\u0000',
  'https://third-party.example\\@evil.example/callback',
  'https:\\\\third-party.example\\callback',
  'https://third-party.example@evil.example/callback',
  'https://user:password@third-party.example/callback',
  'https://@third-party.example/callback',
  'https://third-party.example%2eevil.example/callback',
  'https://third-party.example.evil.example/callback',
  'https://evil.example/https://third-party.example/callback',
  'https://third-party.example;evil.example/callback',
  'https://thırd-party.example/callback',
  'https://third‑party.example/callback',
  'https://third-party。example/callback',
  'https://ｔｈｉｒｄ-party.example/callback',
  'https://xn--thrd-party-8zb.example/callback',
  'http://third-party.example/callback',
  'http://localhost:1/callback',
  'http://127.0.0.1:1/callback',
  'http://2130706433/callback',
  'http://[::ffff:127.0.0.1]/callback',
  '//third-party.example/callback',
  '/callback',
  'third-party.example/callback',
  'javascript:alert(1)//third-party.example/callback',
  'data:text/html,https://third-party.example/callback',
  'intent://third-party.example/callback#Intent;scheme=https;end',
  'https:third-party.example/callback',
  'https:/third-party.example/callback',
  'https://third-party.example/callback https://evil.example/',
  '*',
  'null',
];

const detail = () => ({
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity'],
  resolution: 'P1D',
  ...recentWindow(broker),
});

test('what is not the registered address letter for letter is refused, and leads nowhere', async () => {
  for (const redirect_uri of tricks) {
    const form = await party.rp.pushForm(detail(), newPkce(), { redirect_uri });
    const answer = await postForm(`${broker.issuer}/oauth/par`, form);
    const body = await answer.json();
    assert.deepEqual([answer.status, body.error], [400, 'invalid_request'], JSON.stringify(redirect_uri));
    assert.equal(answer.headers.get('location'), null);
    // What was sent is not said back: it would be read in a log or on a page.
    assert.ok(!JSON.stringify(body).includes('evil'), JSON.stringify(body));
  }
});

test('the authorization page takes no address from its own', async () => {
  const { clientId } = party;
  for (const more of [
    { redirect_uri: 'https://evil.example/', response_type: 'code' },
    {
      redirect_uri: party.redirectUri,
      response_type: 'code',
      request_uri: 'https://evil.example/request.jwt',
    },
    { request: 'eyJhbGciOiJub25lIn0.e30.', redirect_uri: 'https://evil.example/' },
    { request_uri: 'urn:ietf:params:oauth:request_uri:x', redirect_uri: party.redirectUri },
  ]) {
    const query = new URLSearchParams({ client_id: clientId, ...more } as Record<string, string>);
    const answer = await fetch(`${broker.issuer}/authorize?${query}`, { redirect: 'manual' });
    assert.equal(answer.status, 400, String(query));
    assert.equal(answer.headers.get('location'), null);
    assert.ok(!(await answer.text()).includes('evil.example'));
  }
});

// What a person would take for the address of another, and what has two spellings. A different path or port is an address
// of its own, and may be registered.
const mayBeRegistered = new Set([
  'https://third-party.example/callback/',
  'https://third-party.example/callback?next=https://evil.example',
  'https://third-party.example/Callback',
  'https://third-party.example:8443/callback',
  'https://third-party.example.evil.example/callback',
  'https://evil.example/https://third-party.example/callback',
  'https://third-party.example//callback',
  'https://xn--thrd-party-8zb.example/callback',
]);

test('an address with two spellings, or another scheme, can be registered by nobody', async () => {
  for (const uri of tricks) {
    const fault = redirectUriFault(uri, { production: true });
    assert.equal(fault === null, mayBeRegistered.has(uri), `${uri}: ${fault}`);
  }
  const { publicJwk } = await testKey();
  const register = async (redirect_uris: string[]) => {
    const answer = await fetch(`${broker.issuer}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Trickster Ltd',
        redirect_uris,
        jwks: { keys: [{ ...publicJwk, kid: 'k', alg: 'ES256' }] },
        class: 'energy-adviser',
        purposes: ['energy-advice'],
      }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  for (const uri of tricks) {
    const loopback = redirectUriFault(uri, { production: false }) === null;
    if (mayBeRegistered.has(uri) || loopback) continue;
    const { status, body } = await register(['https://trickster.example/cb', uri]);
    assert.deepEqual([status, body.error], [400, 'invalid_redirect_uri'], uri);
  }
});
