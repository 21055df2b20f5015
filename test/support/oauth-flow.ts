// The way from a pushed request to a token, step by step, so that a test can stop at or bend any one of them.
import request, { type Response } from 'supertest';
import { approveAuthorization, openAuthorization } from '../../src/oauth/authorize.ts';
import { choiceOf } from './consent.ts';
import type { TestHousehold } from './household.ts';
import { type OauthBroker, testDetail, testIssuer } from './oauth-broker.ts';
import { newPkce, type Pkce, type RelyingParty, type TestKey } from './third-party.ts';

export interface Pushed {
  readonly clientId: string;
  readonly requestUri: string;
  readonly pkce: Pkce;
}

export interface Redirected {
  readonly url: URL;
  readonly code: string;
}

export async function push(
  broker: OauthBroker,
  party: RelyingParty,
  options: { detail?: object; form?: Record<string, unknown> } = {},
): Promise<Pushed> {
  const pkce = newPkce();
  const form = await party.pushForm(testDetail(broker.clock, options.detail), pkce, options.form);
  const answer = await request(broker.app).post('/oauth/par').type('form').send(form);
  if (answer.status !== 201) throw new Error(`PAR: ${JSON.stringify(answer.body)}`);
  return { clientId: party.thirdParty.clientId, requestUri: answer.body.request_uri, pkce };
}

export async function approve(
  broker: OauthBroker,
  pushed: Pushed,
  home: TestHousehold,
  choice: Parameters<typeof choiceOf>[1] = {},
): Promise<Redirected> {
  await openAuthorization(broker.parts, pushed, home);
  const target = await approveAuthorization(broker.parts, pushed, home, {
    choice: choiceOf(home, choice),
    signedBy: 'code',
  });
  const url = new URL(target);
  return { url, code: url.searchParams.get('code') ?? '' };
}

export async function requestToken(
  broker: OauthBroker,
  party: RelyingParty,
  form: Record<string, string>,
  key?: TestKey,
): Promise<Response> {
  const proof = await party.proof('POST', `${testIssuer}/oauth/token`, {}, {}, key);
  return request(broker.app).post('/oauth/token').type('form').set('DPoP', proof).send(form);
}

export interface Granted extends Pushed, Redirected {}

export async function grantedCode(
  broker: OauthBroker,
  party: RelyingParty,
  home: TestHousehold,
  options: Parameters<typeof push>[2] & { choice?: Parameters<typeof choiceOf>[1] } = {},
): Promise<Granted> {
  const pushed = await push(broker, party, options);
  return { ...pushed, ...(await approve(broker, pushed, home, options.choice)) };
}

/** All of it. */
export async function issuedToken(
  broker: OauthBroker,
  party: RelyingParty,
  home: TestHousehold,
  options: Parameters<typeof grantedCode>[3] = {},
): Promise<Response['body']> {
  const { code, pkce } = await grantedCode(broker, party, home, options);
  const answer = await requestToken(broker, party, await party.codeForm(code, pkce));
  if (answer.status !== 200) throw new Error(`token: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
