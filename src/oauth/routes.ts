// The OAuth endpoints on HTTP: the one file of this room that knows express. Bodies in, RFC 6749 answers out.
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import { addressOf, limitFailures, limitRequests, refuseSpent } from '../http/limit-requests.ts';
import { formBody, jsonBody } from '../http/limits.ts';
import { logFault, safeError } from '../http/problem.ts';
import type { RateLimiter } from '../http/rate-limit.ts';
import type { RatePolicyName } from '../http/rate-policies.ts';
import type { Logger } from '../observe/logger.ts';
import type { OauthRequest } from './caller.ts';
import type { DpopNonces } from './dpop-nonce.ts';
import {
  invalidRequest,
  methodNotAllowed,
  OauthError,
  requestTooLarge,
  serverError,
  temporarilyUnavailable,
  tooManyRequests,
} from './errors.ts';
import { introspect, signIntrospection } from './introspect.ts';
import {
  authorizationServerMetadata,
  endpointsOf,
  protectedResourceMetadata,
  wellKnown,
} from './metadata.ts';
import { readParameters } from './parameters.ts';
import { pushAuthorizationRequest } from './pushed-request.ts';
import { type RegistrationOffer, registerClient } from './register.ts';
import { revokePresented } from './revoke.ts';
import { issueToken, type TokenParts } from './token.ts';

export interface OauthRouteParts extends TokenParts {
  readonly logger: Logger;
  readonly limiter: RateLimiter;
  /** Null where third parties are registered by operators alone. */
  readonly registration: RegistrationOffer | null;
}

/** Mount it at the root: the paths are those of the issuer. */
export function oauthRoutes(parts: OauthRouteParts): Router {
  const router = express.Router();
  const { issuer, signingKeys, limiter } = parts;
  const endpoints = endpointsOf(issuer);
  const form = (endpoint: string, answer: RequestHandler) =>
    router
      .post(
        pathOf(endpoint),
        limitFailures(limiter, 'failures'),
        noStore,
        offerNonce(parts.dpopNonces),
        formBody(),
        answer,
      )
      .all(pathOf(endpoint), refuseMethod('POST'));
  const requestOf = (req: Request, res: Response, policy: RatePolicyName) =>
    oauthRequest(req, async (clientId) => refuseSpent(res, await limiter.take(policy, clientId)));

  form(endpoints.pushedRequest, async (req, res) => {
    res.status(201).json(await pushAuthorizationRequest(parts, requestOf(req, res, 'par')));
  });
  form(endpoints.token, async (req, res) => {
    res.json(await issueToken(parts, requestOf(req, res, 'tokens')));
  });
  form(endpoints.introspection, async (req, res) => {
    const answer = await introspect(parts, requestOf(req, res, 'tokens'));
    if (req.accepts(['application/json', signedIntrospection]) !== signedIntrospection)
      return void res.json(answer.introspection);
    res.type(signedIntrospection).send(Buffer.from(await signIntrospection(parts, answer)));
  });
  form(endpoints.revocation, async (req, res) => {
    await revokePresented(parts, requestOf(req, res, 'tokens'));
    res.status(200).end();
  });

  if (parts.registration) offerRegistration(router, parts, parts.registration);

  const publish = (address: string, document: () => object) =>
    router
      .get(
        pathOf(address),
        (_req, res) => void res.set('Cache-Control', 'public, max-age=300').json(document()),
      )
      .all(pathOf(address), refuseMethod('GET, HEAD'));
  const metadata = authorizationServerMetadata(issuer, { registers: parts.registration !== null });
  publish(wellKnown(issuer, 'oauth-authorization-server'), () => metadata);
  publish(wellKnown(issuer, 'openid-configuration'), () => metadata);
  publish(endpoints.resourceMetadata, () => protectedResourceMetadata(issuer));
  publish(endpoints.jwks, () => signingKeys.jwks());

  const { pushedRequest, token, introspection, revocation, registration } = endpoints;
  router.use(
    [pushedRequest, token, introspection, revocation, registration].map(pathOf),
    oauthErrors(parts.logger),
  );
  return router;
}

/** RFC 7591: JSON, and nobody to authenticate, so it is counted by address. */
function offerRegistration(router: Router, parts: OauthRouteParts, offer: RegistrationOffer): void {
  const path = pathOf(endpointsOf(parts.issuer).registration);
  const limit = limitRequests(parts.limiter, 'registrations', addressOf);
  router
    .post(path, limit, noStore, jsonBody(), async (req, res) => {
      res.status(201).json(await registerClient(parts, offer, req.body));
    })
    .all(path, refuseMethod('POST'));
}

/** RFC 9701 section 4. */
const signedIntrospection = 'application/token-introspection+jwt';

const pathOf = (address: string): string => new URL(address).pathname;

/** RFC 9449 section 8.2: every answer brings the nonce for the next proof, where nonces are switched on. */
export const offerNonce =
  (nonces: DpopNonces | null): RequestHandler =>
  (_req, res, next) => {
    if (nonces) res.set('DPoP-Nonce', nonces.current());
    next();
  };

const noStore: RequestHandler = (_req, res, next) => {
  res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
  next();
};

const refuseMethod =
  (allowed: string): RequestHandler =>
  (_req, res) =>
    void res.status(405).set({ Allow: allowed, 'Cache-Control': 'no-store' }).json(methodNotAllowed(allowed));

function oauthRequest(req: Request, admit: OauthRequest['admit']): OauthRequest {
  if (!req.is('application/x-www-form-urlencoded'))
    throw invalidRequest('the body is application/x-www-form-urlencoded');
  return {
    parameters: readParameters(req.body),
    authorization: req.headers.authorization,
    // Node joins repeated headers with a comma; two proofs must not pass for one.
    proofs: req.headersDistinct.dpop ?? [],
    admit,
  };
}

const oauthErrors =
  (logger: Logger): ErrorRequestHandler =>
  (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const answer = error instanceof OauthError ? error : oauthErrorOf(error);
    if (answer.status >= 500) logFault(logger, res, error, safeError(error));
    res.status(answer.status).set(answer.headers).set('Cache-Control', 'no-store').json(answer);
  };

function oauthErrorOf(error: unknown): OauthError {
  const { status, code, extras } = safeError(error);
  if (code === 'body_too_large') return requestTooLarge();
  if (code === 'rate_limited') return tooManyRequests(Number(extras.retry_after_s));
  if (status === 503) return temporarilyUnavailable();
  return status < 500 ? invalidRequest('the request could not be read') : serverError();
}
