// The householder's pages as one router: start, sign-in, the consent page, what is shared. All of it works without script,
// but for using a passkey.
import { readFileSync } from 'node:fs';
import express, { type Request, type Response, type Router } from 'express';
import type { SignReceipt } from '../../consent/consents.ts';
import type { Database } from '../../db/database.ts';
import { cookieJar } from '../../http/cookies.ts';
import { addressOf, limitRequests } from '../../http/limit-requests.ts';
import { nothingHere } from '../../http/problem.ts';
import type { RateLimiter } from '../../http/rate-limit.ts';
import { sameOrigin } from '../../http/same-origin.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Subjects } from '../../ledger/subjects.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Mailer } from '../../notify/mail.ts';
import type { Logger } from '../../observe/logger.ts';
import { relyingPartyOf } from '../../passkey/passkeys.ts';
import { authorizePages } from './authorize-pages.ts';
import { byLawPages } from './by-law-pages.ts';
import { complaintsPages } from './complaints-pages.ts';
import { consentsPages, markStops } from './consents-pages.ts';
import { doorPages } from './door-pages.ts';
import { erasePages } from './erase-pages.ts';
import { errorPages } from './error-page.ts';
import { helpersPages } from './helpers-pages.ts';
import { helpingPages } from './helping-pages.ts';
import { homesPages } from './homes-pages.ts';
import { letterPages } from './letter-pages.ts';
import { narrowPages } from './narrow-pages.ts';
import { passkeyPages } from './passkey-pages.ts';
import { recordPages } from './record-pages.ts';
import { signInPages } from './sign-in-pages.ts';
import { startPages } from './start-page.ts';
import { stopLinkPages } from './stop-link-pages.ts';
import { recogniseVisitor, sessionOf } from './visitor.ts';

export interface HouseholderParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mailer: Mailer;
  readonly limiter: RateLimiter;
  readonly issuer: string;
  readonly signReceipt: SignReceipt;
  readonly production: boolean;
  /** For whoever wants to stop by phone; null where none is known. */
  readonly helpPhone: string | null;
}

/** Mount it at the root, after `giveRequestId` and `securityHeaders`. Paths that are not its own pass through. */
export function householderRoutes(given: HouseholderParts): Router {
  const { origin, protocol } = new URL(given.issuer);
  const party = relyingPartyOf(given.issuer);
  const parts = { ...given, party, cookies: cookieJar({ https: protocol === 'https:' }) };
  const router = express.Router();
  const pages = express.Router();
  markStops(pages);
  pages.use(limitRequests(parts.limiter, 'pages', unlessStopping(addressOf)));
  pages.use(sameOrigin(origin), recogniseVisitor(parts));
  pages.use(
    limitRequests(
      parts.limiter,
      'household',
      unlessStopping((_req, res) => sessionOf(res)?.householdId ?? null),
    ),
  );
  startPages(pages, parts);
  signInPages(pages, parts);
  if (party !== null) passkeyPages(pages, { ...parts, party });
  authorizePages(pages, parts);
  consentsPages(pages, parts);
  narrowPages(pages, parts);
  doorPages(pages, parts);
  byLawPages(pages, parts);
  stopLinkPages(pages, parts);
  letterPages(pages, parts);
  homesPages(pages, parts);
  helpersPages(pages, parts);
  helpingPages(pages, parts);
  recordPages(pages, parts);
  complaintsPages(pages, parts);
  erasePages(pages, parts);

  for (const kind of ['css', 'js'] as const) {
    const asset = readFileSync(new URL(`../../../assets/site.${kind}`, import.meta.url), 'utf8');
    router.get(`/assets/site.${kind}`, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=3600').type(kind).send(asset);
    });
  }
  pages.use(nothingHere, errorPages(parts, { always: true }));
  router.use((req, res, next) => (ownPaths.test(req.path) ? pages(req, res, next) : next()));
  return router;
}

/** A stop is never refused (P2), so it is never counted either. */
const unlessStopping =
  (callerOf: (req: Request, res: Response) => string | null) => (req: Request, res: Response) =>
    res.locals.stopping ? null : callerOf(req, res);

/** A path under one of these that is no page of ours is answered with a page all the same. */
const areas = [
  'sign-in',
  'sign-out',
  'passkeys',
  'homes',
  'helpers',
  'help',
  'helping',
  'authorize',
  'consents',
  'stop',
  'door',
  'by-law',
  'complaints',
  'history',
  'erase',
  'demo/mail',
];
const ownPaths = new RegExp(`^/(?:$|(?:${areas.join('|')})(?:/|$))`);
