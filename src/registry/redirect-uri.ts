// What may be registered as a redirect URI. Matching is by exact string (RFC 9700 section 4.1.3), so only
// addresses with one spelling are taken: what a URL parser would rewrite is refused here, not repaired.

const longestUri = 2000;
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Null when the URI may be registered, else one sentence that says why not. */
export function redirectUriFault(uri: string, { production }: { production: boolean }): string | null {
  if (uri.length > longestUri) return `a redirect URI has at most ${longestUri} characters`;
  const url = URL.parse(uri);
  if (!url) return 'a redirect URI is an absolute URL';
  if (uri.includes('#')) return 'a redirect URI has no fragment';
  if (url.username || url.password || /^[a-z]+:\/\/[^/?]*@/i.test(uri))
    return 'a redirect URI has no user name or password';
  const loopback = url.protocol === 'http:' && loopbackHosts.has(url.hostname);
  if (url.protocol !== 'https:' && !(loopback && !production))
    return production
      ? 'a redirect URI starts with https://'
      : 'a redirect URI starts with https://, or http:// on a loopback address';
  // A bare origin is the one spelling that browsers and people both use without its slash.
  if (url.href !== uri && url.href !== `${uri}/`)
    return `a redirect URI is written in its one canonical form, here ${url.href}`;
  return writtenTwoWays(uri, url);
}

// Encoded control characters, and in a path what need not be encoded (RFC 3986 section 6.2.2.2) or divides it.
const encodedControl = /%(?:[01][0-9a-f]|7f)/i;
const encodedPlain = /%(?:2[def]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5[cf]|7e)/i;

/** Letters, digits and hyphens between dots, none at the end; or an IPv6 address. */
const hostName = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])$/;

/** What a parser leaves as it is and what stands behind an address may read in another way. */
function writtenTwoWays(uri: string, url: URL): string | null {
  if (encodedControl.test(uri)) return 'a redirect URI has no control characters';
  if (encodedPlain.test(url.pathname)) return 'a redirect URI encodes in its path only what must be encoded';
  if (!hostName.test(url.hostname)) return 'the host of a redirect URI is a plain name or an address';
  if (uri.endsWith('?')) return 'a redirect URI has no empty query';
  return null;
}

/** The same for an address that the broker itself calls. What stands there is checked anew at every call. */
export function calledUrlFault(text: string, { production }: { production: boolean }): string | null {
  const fault = redirectUriFault(text, { production });
  return fault?.replace('a redirect URI', 'an address that we call') ?? null;
}
