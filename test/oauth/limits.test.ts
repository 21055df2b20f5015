// What a flood meets at the OAuth endpoints: 429 with what is left, and nothing written for it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import { oauthBroker, testDetail } from '../support/oauth-broker.ts';
import { newPkce, type RelyingParty } from '../support/third-party.ts';

const broker = await oauthBroker({
  par: { quota: 5, windowSeconds: 3600 },
  failures: { quota: 8, windowSeconds: 3600 },
});
after(() => broker.close());

const send = async (party: RelyingParty, changes: Record<string, unknown> = {}) =>
  request(broker.app)
    .post('/oauth/par')
    .type('form')
    .send(await party.pushForm(testDetail(broker.clock), newPkce(), changes));

test('a flood of pushed requests is refused, by third party, and leaves nothing behind', async () => {
  const [flooding, other] = [await broker.thirdParty(), await broker.thirdParty()];
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await send(flooding));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201, 201, 201, 429, 429, 429],
  );
  assert.match(answers[0]?.headers.ratelimit ?? '', /^"par";r=4;t=\d+$/);
  assert.equal(answers[0]?.headers['ratelimit-policy'], '"par";q=5;w=3600');
  const last = answers.at(-1);
  assert.equal(last?.body.error, 'temporarily_unavailable');
  assert.match(last?.headers['retry-after'] ?? '', /^\d+$/);
  assert.match(last?.headers.ratelimit ?? '', /^"par";r=0;/);
  assert.equal(last?.headers['cache-control'], 'no-store');
  assert.equal((await send(other)).status, 201);
  const count = (table: 'oauth.pushed_request' | 'oauth.used_assertion') =>
    broker.databases.app
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('client_id', '=', flooding.thirdParty.clientId)
      .executeTakeFirstOrThrow();
  assert.equal((await count('oauth.pushed_request')).count, 5);
  assert.equal((await count('oauth.used_assertion')).count, 5);
});

test('a parameter that is deep or manifold JSON is refused before it is parsed', async () => {
  const party = await broker.thirdParty();
  for (const authorization_details of ['['.repeat(5000), `[${'1,'.repeat(6000)}1]`]) {
    const answer = await send(party, { authorization_details });
    assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request']);
    assert.match(answer.body.error_description, /too deep or has too many values/);
  }
});

test('who only guesses is refused by address, before a signature is looked at; nobody’s allowance is used for it', async () => {
  const victim = await broker.thirdParty();
  const forger = await broker.thirdParty();
  const forged = await forger.assertion({ iss: victim.thirdParty.clientId, sub: victim.thirdParty.clientId });
  const statuses = [];
  for (let i = 0; i < 12; i++) {
    const answer = await send(victim, { client_assertion: forged });
    statuses.push(answer.status);
    // The count is made when the answer is out.
    await new Promise((next) => setTimeout(next, 5));
  }
  assert.equal(statuses.at(0), 401);
  assert.equal(statuses.at(-1), 429);
  assert.deepEqual(new Set(statuses), new Set([401, 429]));
});
