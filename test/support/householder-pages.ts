// The householder's pages on a real app with database, ledger and OAuth, and a visitor with a cookie jar and no script.
import express, { type Express } from 'express';
import supertest, { type Response } from 'supertest';
import { nothingHere, problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { type Mailer, outboxMailer } from '../../src/notify/mail.ts';
import { receiptSigner } from '../../src/oauth/sign-receipt.ts';
import { type HouseholderParts, householderRoutes } from '../../src/web/householder/routes.ts';
import { quietLogger } from './ledger.ts';
import type { OauthBroker } from './oauth-broker.ts';

export const pagesIssuer = 'http://localhost:8080';

export interface TestPages {
  readonly app: Express;
  readonly mailer: Mailer;
}

export function householderPages(broker: OauthBroker, changes: Partial<HouseholderParts> = {}): TestPages {
  const mailer = outboxMailer();
  const app = express();
  app.set('query parser', 'simple');
  app.use(giveRequestId, securityHeaders({ https: false }));
  app.use(
    householderRoutes({
      ...{
        db: broker.databases.app,
        ledger: broker.ledger,
        subjects: broker.ledger.subjects,
        clock: broker.clock,
        logger: quietLogger,
      },
      ...{
        mailer,
        signReceipt: receiptSigner(broker.parts.signingKeys),
        limiter: broker.parts.limiter,
        issuer: pagesIssuer,
        production: false,
        helpPhone: '0800 000 000',
      },
      ...changes,
    }),
  );
  app.use(nothingHere, problemResponses({ issuer: pagesIssuer, log: quietLogger }));
  return { app, mailer };
}

export interface Visitor {
  get(path: string): Promise<Response>;
  /** A file: its body is text. */
  take(path: string): Promise<Response>;
  /** Sends the page's own form token along, unless the fields name one. */
  post(page: Response, path: string, fields: Fields, headers?: Record<string, string>): Promise<Response>;
}
type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

export function visitor(app: Express): Visitor {
  const agent = supertest.agent(app);
  return {
    get: async (path) => agent.get(path),
    take: async (path) =>
      agent.get(path).parse((res, done) => {
        let text = '';
        res.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
        res.on('end', () => done(null, text));
      }),
    post: async (page, path, fields, headers = {}) => {
      const all = { form_token: hidden(page, 'form_token') ?? undefined, ...fields };
      const body = new URLSearchParams();
      for (const [name, value] of Object.entries(all)) {
        for (const each of [value ?? []].flat()) body.append(name, each);
      }
      return agent.post(path).type('form').set(headers).send(body.toString());
    },
  };
}

export function hidden(page: Response, name: string): string | null {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1];
  return value === undefined ? null : plain(value);
}

/** What a reader sees: the text of the page without its tags. */
export const textOf = (page: Response): string =>
  plain(
    page.text
      .replace(/<head>.*<\/head>/s, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' '),
  );

const plain = (text: string): string =>
  text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** Signs in as a person would: address, mail, code. Gives the answer to the code. */
export async function signIn(who: Visitor, email: string, path = '/sign-in'): Promise<Response> {
  const start = await who.get(path);
  const asked = await who.post(start, '/sign-in', { email, return_to: hidden(start, 'return_to') ?? '' });
  if (asked.status !== 303) throw new Error(`sign-in: ${asked.status} ${asked.text}`);
  const page = await who.get('/sign-in/code');
  const code = /data-demo-code="(\d{8})"/.exec(page.text)?.[1] ?? '00000000';
  return who.post(page, '/sign-in/code', { code });
}
