// Tokens that a third party has in its own name: by client_credentials, for scopes, and what becomes of them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { parseEntry } from '../../src/ledger/entry.ts';
import { readEntries } from '../../src/ledger/ledger-store.ts';
import { suspendThirdParty } from '../../src/registry/registry.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testDetail } from '../support/oauth-broker.ts';
import { issuedToken, requestToken } from '../support/oauth-flow.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { clock, parts, databases } = broker;
const party = await broker.thirdParty();
const { clientId } = party.thirdParty;

const newest = async (): Promise<Record<string, unknown>> => {
  const texts = await Array.fromAsync(readEntries(databases.app, 1, 0, 1000));
  return JSON.parse(parseEntry(texts.at(-1) as string).body);
};

test('client_credentials gives a bound token for scopes, no refresh token, and an entry', async () => {
  const form = await party.clientForm('grant_management_query consents:read consents:read');
  const { status, body, headers } = await requestToken(broker, party, form);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(headers['cache-control'], 'no-store');
  assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
  assert.deepEqual(
    [body.token_type, body.expires_in, body.scope],
    ['DPoP', 300, 'consents:read grant_management_query'],
  );
  const claims = decodeJwt(body.access_token);
  assert.equal(decodeProtectedHeader(body.access_token).typ, 'at+jwt');
  assert.deepEqual([claims.sub, claims.client_id, claims.scope], [clientId, clientId, body.scope]);
  assert.ok((claims.cnf as { jkt: string }).jkt);
  assert.deepEqual([claims.grant_id, claims.authorization_details], [undefined, undefined]);
  const { kind, third_party, scopes, consent_ref, token } = await newest();
  assert.deepEqual(
    [kind, third_party, consent_ref, token],
    ['token.issued', clientId, undefined, claims.jti],
  );
  assert.deepEqual(scopes, ['consents:read', 'grant_management_query']);
});

test('what is no scope of ours, and what only a household can give, is refused', async () => {
  const detail = JSON.stringify([testDetail(clock)]);
  const cases: [Record<string, unknown>, string][] = [
    [{ scope: undefined }, 'invalid_scope'],
    [{ scope: 'openid' }, 'invalid_scope'],
    [{ scope: 'consents:read  grant_management_query' }, 'invalid_scope'],
    [{ authorization_details: detail }, 'invalid_authorization_details'],
    [{ authorization_details: '[{"type":"meter_aggregates"}]' }, 'invalid_authorization_details'],
    [{ authorization_details: '[null]' }, 'invalid_authorization_details'],
    [{ resource: 'https://other.example' }, 'invalid_target'],
  ];
  for (const [changes, error] of cases) {
    const answer = await requestToken(broker, party, await party.clientForm('consents:read', changes));
    assert.deepEqual([answer.status, answer.body.error], [400, error], JSON.stringify(changes));
  }
});

test('no scope of a third party’s own is had with a refresh token', async () => {
  const home = await testHousehold(parts);
  const issued = await issuedToken(broker, party, home);
  const form = await party.refreshForm(issued.refresh_token, { scope: 'consents:read' });
  assert.equal((await requestToken(broker, party, form)).body.error, 'invalid_scope');
});

test('the entry that cannot be written is a token that is not given', async () => {
  const other = await broker.thirdParty();
  const form = await other.clientForm('consents:read');
  await suspendThirdParty({ ...parts, production: false }, other.thirdParty.clientId as never, 'inquiry');
  const { status, body } = await requestToken(broker, other, form);
  assert.deepEqual([status, body.error], [400, 'unauthorized_client']);
});
