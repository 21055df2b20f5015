// The operators' pages as one router: joining, signing in with a passkey, what waits, and deciding it.
import express, { type Router } from 'express';
import { cookieJar } from '../../http/cookies.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { nothingHere } from '../../http/problem.ts';
import type { RateLimiter } from '../../http/rate-limit.ts';
import { sameOrigin } from '../../http/same-origin.ts';
import type { Logger } from '../../observe/logger.ts';
import type { ProposalParts } from '../../operator/proposals.ts';
import { relyingPartyOf } from '../../passkey/passkeys.ts';
import { errorPages } from './error-page.ts';
import { joinPages } from './join-pages.ts';
import { proposalPages } from './proposal-pages.ts';
import { signInPages } from './sign-in-pages.ts';
import { recogniseOperator } from './visitor.ts';

export interface OperatorRouteParts {
  readonly operators: ProposalParts;
  readonly limiter: RateLimiter;
  readonly logger: Logger;
  readonly issuer: string;
  readonly helpPhone: string | null;
}

/** Mount it at the root, after `giveRequestId` and `securityHeaders`. Where browsers make no passkeys there are no such pages. */
export function operatorRoutes(given: OperatorRouteParts): Router {
  const { origin, protocol } = new URL(given.issuer);
  const party = relyingPartyOf(given.issuer);
  const router = express.Router();
  if (party === null) return router;
  const parts = { ...given, party, cookies: cookieJar({ https: protocol === 'https:' }) };
  const pages = express.Router();
  pages.use(limitRequests(parts.limiter, 'pages', addressOf));
  pages.use(sameOrigin(origin), recogniseOperator(parts));
  signInPages(pages, parts);
  joinPages(pages, parts);
  proposalPages(pages, parts);
  pages.use(nothingHere, errorPages(parts));
  router.use((req, res, next) => (/^\/operator(\/|$)/.test(req.path) ? pages(req, res, next) : next()));
  return router;
}
