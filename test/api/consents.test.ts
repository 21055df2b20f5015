// What a third party sees of its own consents once they are over.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import express from 'express';
import request from 'supertest';
import { challenges } from '../../src/api/access.ts';
import { consentsRoutes } from '../../src/api/consents.ts';
import { moveOut, stopConsent } from '../../src/consent/consents.ts';
import { problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { localDateAt } from '../../src/lib/local-date.ts';
import { accessVerifier } from '../../src/oauth/verify-access.ts';
import { openMetrics } from '../../src/observe/metrics.ts';
import { testHousehold } from '../support/household.ts';
import { oauthBroker, testIssuer } from '../support/oauth-broker.ts';
import { issuedToken, requestToken } from '../support/oauth-flow.ts';
import { sha256Base64url } from '../support/third-party.ts';

const broker = await oauthBroker();
after(() => broker.close());
const { parts, clock } = broker;
const party = await broker.thirdParty();
const api = express()
  .use(
    giveRequestId,
    consentsRoutes({ ...parts, verifyAccess: accessVerifier(parts), metrics: openMetrics() }),
  )
  .use(challenges(testIssuer), problemResponses({ issuer: testIssuer, log: parts.logger }));

async function shown(path: string) {
  const token = (await requestToken(broker, party, await party.clientForm('consents:read'))).body
    .access_token;
  const proof = await party.proof('GET', testIssuer + path, { ath: sha256Base64url(token) });
  const answer = await request(api).get(path).set('Authorization', `DPoP ${token}`).set('DPoP', proof);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

test('a consent that was stopped and one that ended by a move out read alike to the third party', async () => {
  const [stopping, leaving] = [await testHousehold(parts), await testHousehold(parts)];
  const consentIds: string[] = [];
  for (const home of [stopping, leaving]) {
    const [{ consent_id }] = (await issuedToken(broker, party, home)).authorization_details;
    consentIds.push(consent_id);
  }
  const [stopped, left] = consentIds as [string, string];
  assert.equal((await shown(`/v1/consents/${stopped}`)).state, 'given');
  await stopConsent(parts, { consentId: stopped as never, occupierId: stopping.occupierId });
  const on = localDateAt(clock.nowMs(), 'Europe/London');
  await moveOut(parts, { mpan: leaving.meterPoints[0]?.mpan ?? '', on });
  for (const consentId of [stopped, left])
    assert.equal((await shown(`/v1/consents/${consentId}`)).state, 'ended');
  const { consents } = await shown('/v1/consents');
  assert.deepEqual(
    consents.map(({ state }: { state: string }) => state),
    ['ended', 'ended'],
  );
});
