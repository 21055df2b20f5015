// The operators' pages on a real app with database and ledger in production, and people with a passkey each.
import express, { type Express } from 'express';
import type { Response } from 'supertest';
import { machineClock } from '../../src/db/clock.ts';
import { nothingHere, problemResponses } from '../../src/http/problem.ts';
import { rateLimiter } from '../../src/http/rate-limit.ts';
import { standardRatePolicies } from '../../src/http/rate-policies.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { makeJoiningCode } from '../../src/operator/joining.ts';
import { passkeyChecker } from '../../src/operator/passkey-proof.ts';
import type { ProposalParts } from '../../src/operator/proposals.ts';
import { operatorRoutes } from '../../src/web/operator/routes.ts';
import { type SoftAuthenticator, softAuthenticator, type Wrong } from './authenticator.ts';
import { type Visitor, visitor } from './householder-pages.ts';
import { quietLogger } from './ledger.ts';

export const operatorsIssuer = 'http://localhost:8080';

export function operatorPages(operators: ProposalParts): { app: Express; parts: ProposalParts } {
  const app = express();
  const parts = { ...operators, checkPasskey: passkeyChecker(operators.db, operatorsIssuer) };
  const { db } = operators;
  const limiter = rateLimiter({ db, clock: machineClock, logger: quietLogger }, standardRatePolicies);
  app.use(giveRequestId, securityHeaders({ https: false }));
  app.use(
    operatorRoutes({
      operators: parts,
      limiter,
      logger: quietLogger,
      issuer: operatorsIssuer,
      helpPhone: null,
    }),
  );
  app.use(nothingHere, problemResponses({ issuer: operatorsIssuer, log: quietLogger }));
  return { app, parts };
}

/** What a form of the page asks the browser's authenticator; of the form with that id. */
export function optionsOf(page: Response, id: string) {
  const text = new RegExp(`<form id="${id}"[^>]*data-options="([^"]*)"`).exec(page.text)?.[1];
  if (!text) throw new Error(`no form ${id} asks for a passkey: ${page.status} ${page.text.slice(0, 400)}`);
  return JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'));
}

export interface PageOperator {
  readonly who: Visitor;
  readonly authenticator: SoftAuthenticator;
}

/** Makes a passkey on the joining page; not an operator yet. */
export async function candidate(app: Express, name: string): Promise<PageOperator & { page: Response }> {
  const who = visitor(app);
  const authenticator = softAuthenticator(operatorsIssuer);
  const start = await who.get('/operator/join');
  const passkey = authenticator.create(optionsOf(start, 'operator-join'));
  const made = await who.post(start, '/operator/join', { passkey, name });
  if (made.status !== 303) throw new Error(`no passkey: ${made.status} ${made.text}`);
  return { who, authenticator, page: await who.get('/operator/join/code') };
}

export async function joined(
  { app, parts }: ReturnType<typeof operatorPages>,
  name: string,
): Promise<PageOperator> {
  const one = await candidate(app, name);
  const answer = await one.who.post(one.page, '/operator/join/code', { code: await makeJoiningCode(parts) });
  if (answer.status !== 303) throw new Error(`not joined: ${answer.status} ${answer.text}`);
  return one;
}

export async function signInAs({ who, authenticator }: PageOperator, wrong: Wrong = {}): Promise<Response> {
  const page = await who.get('/operator/sign-in');
  const passkey = authenticator.get(optionsOf(page, 'operator-sign-in'), wrong);
  return await who.post(page, '/operator/sign-in', { passkey });
}

export async function decideAs(
  { who, authenticator }: PageOperator,
  proposalId: string,
  how: 'approve' | 'decline',
  wrong: Wrong = {},
): Promise<Response> {
  const path = `/operator/proposals/${proposalId}`;
  const page = await who.get(path);
  const passkey = authenticator.get(optionsOf(page, how), wrong);
  return await who.post(page, `${path}/${how}`, { passkey });
}
