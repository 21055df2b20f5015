// From parts to the express application: the order in which a request meets them, on one screen.
import express, { type Express } from 'express';
import { challenges } from './api/access.ts';
import { consentsRoutes } from './api/consents.ts';
import { contracts } from './api/contracts.ts';
import { grantsRoutes } from './api/grants.ts';
import { ledgerRoutes } from './api/ledger.ts';
import { noticesRoutes } from './api/notices.ts';
import { publishedRoutes } from './api/published.ts';
import { readingsRoutes } from './api/readings.ts';
import { rightsRoutes } from './api/rights.ts';
import { sandboxRoutes } from './api/sandbox.ts';
import { basePathOf, mountUnder } from './http/base-path.ts';
import { addressOf, limitRequests } from './http/limit-requests.ts';
import { timeRequests } from './http/metrics-server.ts';
import { nothingHere, problemResponses } from './http/problem.ts';
import { giveRequestId } from './http/request-id.ts';
import { limitShape } from './http/request-shape.ts';
import { securityHeaders } from './http/security-headers.ts';
import { oauthRoutes, offerNonce } from './oauth/routes.ts';
import { receiptSigner } from './oauth/sign-receipt.ts';
import type { Parts } from './parts.ts';
import { errorCodePages } from './web/developer/error-codes.ts';
import { householderRoutes } from './web/householder/routes.ts';
import { operatorRoutes } from './web/operator/routes.ts';
import { dutiesPage } from './web/public-duties.ts';

export function createApp(parts: Parts): Express {
  const { issuer, trustProxy, mode, helpPhone } = parts.config;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('strict routing').enable('case sensitive routing');
  // Repeated and nested parameters stay what they are: a schema decides about them, not the parser.
  app.set('query parser', 'simple');
  if (trustProxy !== null) app.set('trust proxy', trustProxy);

  app.use(
    giveRequestId,
    timeRequests(parts.metrics),
    securityHeaders({ https: issuer.startsWith('https:') }),
    limitShape,
  );
  app.use(
    limitRequests(parts.limiter, 'public', (req) => (openToAll.test(req.path) ? addressOf(req) : null)),
  );
  // Before the rest: its paths are those of the issuer already, and some stand between host and path.
  app.use(oauthRoutes(parts));
  mountUnder(app, basePathOf(issuer), [
    publishedRoutes(parts, contracts(mode)),
    ledgerRoutes(parts),
    express.Router().use(['/v1', '/grants'], offerNonce(parts.dpopNonces)),
    readingsRoutes(parts),
    rightsRoutes(parts),
    consentsRoutes(parts),
    grantsRoutes(parts),
    noticesRoutes(parts),
    ...(mode === 'production' ? [] : [sandboxRoutes(parts)]),
    errorCodePages({ helpPhone }),
    dutiesPage({ policies: parts.policies, helpPhone }),
    operatorRoutes({ ...parts, helpPhone }),
    householderRoutes({
      ...parts,
      db: parts.pagesDb,
      signReceipt: receiptSigner(parts.signingKeys),
      helpPhone,
    }),
  ]);

  app.use(nothingHere);
  app.use(challenges(issuer), problemResponses({ issuer, log: parts.logger }));
  return app;
}

/** What anyone may fetch without saying who they are; whether a broker is alive is asked too often to be counted. */
const openToAll = /\/(\.well-known|ledger|openapi\.(json|yaml)|errors)(\/|$)/;
