// A browser that follows redirects with its cookies while they stay at the server, and stops where they lead elsewhere.
import type { Answered } from './target.ts';

export async function browse(
  address: string,
  issuer: string,
  { redirects = 10 }: { redirects?: number } = {},
): Promise<Answered> {
  const cookies = new Map<string, string>();
  let url = new URL(address);
  for (let left = redirects; ; left--) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ''] = set.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    const { status, headers } = answer;
    if (location === null || left === 0) return { url, status, html: await answer.text(), headers };
    url = new URL(location, url);
    if (url.origin !== new URL(issuer).origin) return { url, status, html: '', headers };
  }
}
