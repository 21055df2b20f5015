// The headers that tell a browser what a page of ours may do: nothing but show itself and post to itself.
// The consent page alone may lead a form to other sites, because the answer to it is a redirect to the third party.
import type { RequestHandler } from 'express';
import helmet from 'helmet';

export interface SecurityHeaderOptions {
  /** Outside production a third party may take its answer on a loopback address without TLS. */
  readonly production: boolean;
}

// Browsers follow `form-action` through every redirect after a post (seen in Chromium 156), so the consent page
// lists what a callback may lead to.
const consentFormActions = (production: boolean): string[] =>
  production ? ["'self'", 'https:'] : ["'self'", 'https:', 'http://localhost:*', 'http://127.0.0.1:*'];

function contentPolicy(formAction: string[]): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': ["'self'"],
      'script-src': ["'self'"],
      'img-src': ["'self'"],
      'font-src': ["'self'"],
      'form-action': formAction,
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  });
}

/** For every answer of the broker. No CORS header is ever sent by the pages. HSTS only where the issuer is https (RFC 6797 7.2). */
export function securityHeaders({ https }: { readonly https: boolean }): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: false,
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
      strictTransportSecurity: https && { maxAge: 63_072_000, includeSubDomains: false },
    }),
    contentPolicy(["'self'"]),
  ];
}

/** For the consent page, after `securityHeaders`: replaces its content security policy. */
export const consentPageHeaders = ({ production }: SecurityHeaderOptions): RequestHandler =>
  contentPolicy(consentFormActions(production));
