// Limits on the householder's pages: whoever guesses is stopped, and whoever stops sharing never is.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findConsent } from '../../../src/consent/consents.ts';
import { rateLimiter } from '../../../src/http/rate-limit.ts';
import { standardRatePolicies } from '../../../src/http/rate-policies.ts';
import { givenConsent } from '../../support/consent.ts';
import { testHousehold } from '../../support/household.ts';
import { householderPages, signIn, visitor } from '../../support/householder-pages.ts';
import { oauthBroker } from '../../support/oauth-broker.ts';

const broker = await oauthBroker();
after(() => broker.close());
const parts = { db: broker.databases.app, ledger: broker.ledger };
const pagesWith = (policy: string, quota: number) => {
  const policies = { ...standardRatePolicies, [policy]: { quota, windowSeconds: 3600 } };
  return householderPages(broker, { limiter: rateLimiter(broker.parts, policies) });
};

test('codes cannot be guessed on and on, also with a new sign-in for each', async () => {
  const { app } = pagesWith('sign-in-code', 6);
  const home = await testHousehold(parts);
  const statuses = [];
  for (let i = 0; i < 4; i++) {
    const guesser = visitor(app);
    const page = await guesser.post(await guesser.get('/sign-in'), '/sign-in', { email: home.email });
    assert.equal(page.status, 303);
    for (let j = 0; j < 2; j++)
      statuses.push((await guesser.post(page, '/sign-in/code', { code: '00000000' })).status);
  }
  assert.deepEqual(statuses, [400, 400, 400, 400, 400, 400, 429, 429]);
});

test('one address cannot have codes sent to everyone', async () => {
  const { app } = pagesWith('sign-in', 3);
  const statuses = [];
  for (let i = 0; i < 5; i++) {
    const who = visitor(app);
    const answer = await who.post(await who.get('/sign-in'), '/sign-in', { email: `nobody${i}@example.org` });
    statuses.push(answer.status);
    if (answer.status === 429) assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
  }
  assert.deepEqual(statuses, [303, 303, 303, 429, 429]);
});

for (const policy of ['pages', 'household'])
  test(`a stop is taken when the allowance of ${policy} is spent`, async () => {
    const pages = pagesWith(policy, 12);
    const home = await testHousehold(parts);
    const who = visitor(pages.app);
    await signIn(who, home.email);
    const clientId = (await broker.thirdParty()).thirdParty.clientId as never;
    const { consentId } = await givenConsent(parts, home, { clientId });
    const page = await who.get('/consents');
    let status = 0;
    for (let i = 0; i < 20 && status !== 429; i++) status = (await who.get('/consents')).status;
    assert.equal(status, 429);
    assert.equal((await who.post(page, `/consents/${consentId}/stop`, {})).status, 303);
    assert.equal((await findConsent(parts.db, consentId))?.state, 'stopped');
  });
