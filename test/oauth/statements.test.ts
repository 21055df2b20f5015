// At most six SQL statements a token, its ledger entry included: counted where they leave for the database.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { testHousehold } from '../support/household.ts';
import { oauthBroker } from '../support/oauth-broker.ts';
import { grantedCode, requestToken } from '../support/oauth-flow.ts';

// Before the first connection, which keeps the function that it finds.
const sent: string[] = [];
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
pg.Client.prototype.query = function (this: unknown, ...args: unknown[]) {
  const [first] = args;
  sent.push(typeof first === 'string' ? first : String((first as { text?: unknown }).text));
  return query.apply(this, args);
} as never;
after(() => {
  pg.Client.prototype.query = query as never;
});

const broker = await oauthBroker();
after(() => broker.close());
const party = await broker.thirdParty();
const home = await testHousehold(broker.parts);

/**
 * Opening and ending a transaction is not a statement of work; looking for pending stops is not this request's, and a
 * slice of the allowance is leased once for thousands.
 */
const counted = () =>
  sent.filter(
    (text) => !/^(begin|start transaction|commit)\b|ledger"?\."?pending|limits\.allowance/i.test(text),
  );

test('redeeming a code takes five statements, and so does refreshing; a token in the own name takes four', async () => {
  const { code, pkce } = await grantedCode(broker, party, home);
  const form = await party.codeForm(code, pkce);
  sent.length = 0;
  const redeemed = await requestToken(broker, party, form);
  assert.equal(redeemed.status, 200);
  assert.ok(counted().length <= 5 && counted().length >= 4, counted().join('\n---\n'));
  const refresh = await party.refreshForm(redeemed.body.refresh_token);
  sent.length = 0;
  assert.equal((await requestToken(broker, party, refresh)).status, 200);
  assert.ok(counted().length <= 5 && counted().length >= 4, counted().join('\n---\n'));
  assert.ok(!sent.some((text) => text.includes('limits.allowance')), 'the slice was leased before');
  const own = await party.clientForm('consents:read');
  sent.length = 0;
  assert.equal((await requestToken(broker, party, own)).status, 200);
  assert.ok(counted().length <= 4 && counted().length >= 3, counted().join('\n---\n'));
});
