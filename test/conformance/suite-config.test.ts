// The configuration for the certification suite works as the suite would use it: keys, scopes, addresses, and the commands by
// which its browser without script signs in and answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { suiteConfiguration, suiteScopes } from '../../scripts/suite-config.ts';
import { type Browser, openBrowser, type Page } from '../../src/demo/browser.ts';
import { postForm } from '../support/bare-access.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';
import { type TestHome, testHome } from '../support/journey.ts';
import { newPkce, relyingParty, sha256Base64url, testKey } from '../support/third-party.ts';

const databases = await testDatabases();
let broker: TestBroker;
let [home, refusing]: TestHome[] = [];
before(async () => {
  broker = await testBroker({ databases, mode: 'sandbox' });
  [home, refusing] = [await testHome(broker, 1), await testHome(broker, 1)];
});
after(async () => {
  await broker.close();
  await databases.close();
});
const suite = 'https://suite.example:8443';
type Task = { task: string; optional?: boolean; match: string; commands: string[][] };
// biome-ignore lint/suspicious/noExplicitAny: a file for another program
type Configuration = any;

const configuration = async (scope: string): Promise<Configuration> =>
  suiteConfiguration(
    {
      ...{ issuer: broker.issuer, suite, alias: 'certified' },
      ...{ household: home?.email as string, refusing: refusing?.email as string },
    },
    scope,
  );

async function partyOf({ client }: Configuration, which = client) {
  const [jwk] = which.jwks.keys as [JWK];
  const { d: _, ...publicJwk } = jwk;
  const signingKey = { privateKey: (await importJWK(jwk, 'ES256')) as CryptoKey, publicJwk, alg: 'ES256' };
  const redirectUri = `${suite}/test/a/certified/callback`;
  const thirdParty = { clientId: which.client_id, signingKey, dpopKey: await testKey(), redirectUri };
  const party = relyingParty({ issuer: broker.issuer, clock: broker.parts.clock, thirdParty });
  const kid = jwk.kid as string;
  const authenticated = async (changes: object) => ({
    client_assertion: await party.assertion({}, { kid }),
    ...changes,
  });
  return { party, authenticated, redirectUri };
}

const matches = (pattern: string, url: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.?+^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(url);

/** What the suite's browser makes of its commands: fields filled in, things clicked by their id, a form sent by its button. */
async function follow(browser: Browser, start: string, tasks: Task[]): Promise<Page> {
  let page = await browser.open(start);
  for (const { match, optional, commands } of tasks) {
    if (!matches(match, page.url)) {
      assert.ok(optional, `${match} was to come, and it is ${page.url}`);
      continue;
    }
    const fields: [string, string][] = [...page.html.matchAll(/<input\b[^>]*>/g)].flatMap(([tag]) => {
      const [, name] = /\bname="([^"]*)"/.exec(tag) ?? [];
      const [, value] = /\bvalue="([^"]*)"/.exec(tag) ?? [];
      return name && value && / type="(?:text|email|date)"/.test(tag)
        ? [[name, value] as [string, string]]
        : [];
    });
    for (const [what, by, id, value] of commands) {
      if (what === 'wait') continue;
      assert.equal(by, 'id');
      const [tag = assert.fail(`${page.url} has no ${id}`)] =
        new RegExp(`<(?:input|button)\\b[^>]*\\bid="${id}"[^>]*>`).exec(page.html) ?? [];
      const name = /\bname="([^"]*)"/.exec(tag)?.[1] ?? '';
      if (what === 'text') fields.push([name, value as string]);
      else if (tag.startsWith('<input')) fields.push([name, /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '']);
      else {
        if (name) fields.push([name, /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '']);
        page = await browser.submit(page, `id="${id}"`, fields);
      }
    }
  }
  return page;
}

/** One visit to the same request after the other, by one browser; gives where the last one ended. */
async function authorize(config: Configuration, form: object, ...visits: Task[][]) {
  const { party, authenticated, redirectUri } = await partyOf(config);
  const pkce = newPkce();
  const changes = await authenticated({ redirect_uri: redirectUri, ...form });
  const pushed = await postForm(
    `${broker.issuer}/oauth/par`,
    await party.pushForm({}, pkce, changes as never),
  );
  const body = await pushed.json();
  assert.equal(pushed.status, 201, JSON.stringify(body));
  const query = new URLSearchParams({ client_id: party.thirdParty.clientId, request_uri: body.request_uri });
  const browser = openBrowser(broker.issuer);
  const pages: Page[] = [];
  for (const tasks of visits) pages.push(await follow(browser, `${broker.issuer}/authorize?${query}`, tasks));
  const page = pages.at(-1) as Page;
  return { callback: new URL(page.url), pages, party, authenticated, pkce };
}

test('both plan variants with a householder go the whole way to the resource', async () => {
  const config = await configuration(suiteScopes.household);
  const { scope } = config.client;
  const rar = JSON.stringify(config.resource.richAuthorizationRequest);
  for (const authorization_details of [undefined, rar]) {
    const [{ match, tasks }] = config.browser;
    assert.ok(matches(match, `${broker.issuer}/authorize?x`));
    const given = await authorize(config, { scope, authorization_details }, tasks);
    const code = given.callback.searchParams.get('code');
    assert.ok(code, String(given.callback));
    const form = await given.party.codeForm(code, given.pkce, (await given.authenticated({})) as never);
    const DPoP = await given.party.proof('POST', `${broker.issuer}/oauth/token`);
    const answer = await postForm(`${broker.issuer}/oauth/token`, form, { DPoP });
    const { access_token } = await answer.json();
    const proof = await given.party.proof('GET', config.resource.resourceUrl, {
      ath: sha256Base64url(access_token),
    });
    const headers = { authorization: `DPoP ${access_token}`, DPoP: proof, 'x-fapi-interaction-id': 'x' };
    assert.equal((await fetch(config.resource.resourceUrl, { headers })).status, 200);
  }
});

test('the browser that is to say no says it for another household, and the first is asked on', async () => {
  const config = await configuration(suiteScopes.household);
  const { scope } = config.client;
  const form = { scope, authorization_details: undefined };
  const [{ tasks }] = config.override['fapi2-security-profile-final-user-rejects-authentication'].browser;
  const refused = await authorize(config, form, tasks);
  assert.equal(refused.callback.searchParams.get('error'), 'access_denied');
  const again = await authorize(config, form, config.browser[0].tasks);
  assert.ok(again.callback.searchParams.get('code'), String(again.callback));
});

test('a request that is opened again after it was answered shows a page, and one that was looked at is answered', async () => {
  const config = await configuration(suiteScopes.household);
  const form = { scope: config.client.scope, authorization_details: undefined };
  const visitsOf = (module: string): Task[][] => {
    const { browser } = config.override[`fapi2-security-profile-final-par-${module}`];
    assert.equal(browser[0]['match-limit'], 1);
    return browser.map(({ tasks }: { tasks: Task[] }) => tasks);
  };
  const reused = await authorize(config, form, ...visitsOf('attempt-reuse-request_uri'));
  assert.ok(new URL(reused.pages[0]?.url ?? '').searchParams.get('code'));
  assert.match(reused.pages[1]?.url ?? '', /\/authorize\?/);
  assert.match(reused.pages[1]?.html ?? '', /<h1/);
  const looked = visitsOf('ensure-reused-request-uri-prior-to-auth-completion-succeeds');
  const { pages, callback } = await authorize(config, form, ...looked);
  assert.match(pages[0]?.url ?? '', /\/sign-in\?/);
  assert.ok(callback.searchParams.get('code'), String(callback));
});

test('a dozen modules in a row sign in, each with a browser of its own', async () => {
  const config = await configuration(suiteScopes.household);
  const form = { scope: config.client.scope, authorization_details: undefined };
  for (let module = 0; module < 12; module++) {
    const { callback } = await authorize(config, form, config.browser[0].tasks);
    assert.ok(callback.searchParams.get('code'), `${module}: ${callback}`);
  }
});

test('the plan without a householder gets its tokens, for both third parties', async () => {
  const config = await configuration(suiteScopes.own);
  for (const which of [config.client, config.client2]) {
    const { party, authenticated } = await partyOf(config, which);
    const form = await party.clientForm(which.scope, (await authenticated({})) as never);
    const DPoP = await party.proof('POST', `${broker.issuer}/oauth/token`);
    const answer = await postForm(`${broker.issuer}/oauth/token`, form, { DPoP });
    const { access_token } = await answer.json();
    const url = config.resource.resourceUrl;
    const proof = await party.proof('GET', url, { ath: sha256Base64url(access_token) });
    const headers = { authorization: `DPoP ${access_token}`, DPoP: proof };
    assert.equal((await fetch(url, { headers })).status, 200);
  }
});
