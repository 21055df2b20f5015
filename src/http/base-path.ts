// An issuer may have a path, such as https://broker.example/t1. Everything inside names its own paths from the root; this
// mounts it under the issuer's path, where what leads a browser on is put right in one place.
import express, { type Express, type RequestHandler, type Response } from 'express';

/** '' for an issuer without a path, else '/t1'. */
export const basePathOf = (issuer: string): string => new URL(issuer).pathname.replace(/\/$/, '');

/** `house` answers at the issuer's path; with none, at the root. */
export function mountUnder(app: Express, base: string, house: RequestHandler[]): void {
  if (base === '') {
    app.use(house);
    return;
  }
  const under = express.Router({ strict: true, caseSensitive: true });
  under.use(leadWithin(base), ...house);
  app.use(base, under);
}

/** A redirect to a path of ours goes to that path under the base. */
const leadWithin =
  (base: string): RequestHandler =>
  (_req, res, next) => {
    res.locals.basePath = base;
    const location = res.location.bind(res);
    res.location = (url) => location(url.startsWith('/') ? base + url : url);
    next();
  };

/** The links, forms and script of a page of ours, each of which names a path from the root, under the base. */
export function linksUnderBase(res: Response, page: string): string {
  const base: unknown = res.locals.basePath;
  if (typeof base !== 'string') return page;
  // Text is escaped and holds no quotes: only what we wrote ourselves looks like this.
  return page.replaceAll(/ (href|action|src)="\/(?!\/)/g, ` $1="${base}/`);
}
