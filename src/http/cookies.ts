// The cookies of the pages: never readable by script, never sent along from another site's form.
// Over https they carry the __Host- prefix, so that no neighbouring name can set one for us.
import type { CookieOptions, Request, Response } from 'express';

export interface CookieJar {
  find(req: Request, name: string): string | null;
  set(res: Response, name: string, value: string, lifetimeSeconds: number): void;
  clear(res: Response, name: string): void;
}

export function cookieJar(options: { readonly https: boolean }): CookieJar {
  const named = (name: string) => (options.https ? `__Host-${name}` : name);
  const attributes: CookieOptions = { httpOnly: true, sameSite: 'lax', path: '/', secure: options.https };
  return {
    find: (req, name) => findCookie(req.headers.cookie ?? '', named(name)),
    set: (res, name, value, lifetimeSeconds) =>
      void res.cookie(named(name), value, { ...attributes, maxAge: lifetimeSeconds * 1000 }),
    clear: (res, name) => void res.clearCookie(named(name), attributes),
  };
}

/** Only values that we set: base64url, so no decoding, and a name that comes twice is none. */
function findCookie(header: string, name: string): string | null {
  if (header.length > 8192) return null;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  return values.length === 1 && value !== undefined && /^[A-Za-z0-9_-]{1,200}$/.test(value) ? value : null;
}
