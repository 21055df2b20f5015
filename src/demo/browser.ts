// A householder's browser without script: follows links and redirects, keeps cookies, fills in forms.
// It reads pages the way the demo needs and no further; the pages themselves are the real ones.

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
}

export interface Browser {
  open(url: string): Promise<Page>;
  /** Submits the form whose tag holds `mark` (such as `id="consent"`); hidden fields go along. */
  submit(page: Page, mark: string, fields: readonly (readonly [string, string])[]): Promise<Page>;
}

const mostRedirects = 10;

/** A redirect that leaves the issuer is not followed: the page then has that address and no content. */
export function openBrowser(issuer: string): Browser {
  const cookies = new Map<string, string>();

  async function go(url: string, init: RequestInit, redirects = 0): Promise<Page> {
    const headers = new Headers(init.headers);
    if (cookies.size > 0)
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) keep(cookie);
    const location = answer.headers.get('location');
    if (location === null) return { url, status: answer.status, html: await answer.text() };
    const next = new URL(location, url);
    if (next.origin !== new URL(issuer).origin) return { url: next.href, status: answer.status, html: '' };
    if (redirects >= mostRedirects) throw new Error(`too many redirects, the last to ${next.pathname}`);
    return await go(next.href, {}, redirects + 1);
  }

  function keep(cookie: string): void {
    const [pair = ''] = cookie.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }

  return {
    open: (url) => go(new URL(url, issuer).href, {}),
    submit(page, mark, fields) {
      const form = findForm(page, mark);
      const body = new URLSearchParams([...hiddenFields(form.content), ...fields] as [string, string][]);
      const origin = new URL(issuer).origin;
      return go(new URL(form.action || page.url, page.url).href, {
        method: 'POST',
        body,
        headers: { origin },
      });
    },
  };
}

function findForm(page: Page, mark: string): { action: string; content: string } {
  for (const [, attributes = '', content = ''] of page.html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)) {
    if (`${attributes}${content}`.includes(mark))
      return { action: attribute(attributes, 'action') ?? '', content };
  }
  throw new Error(`the page ${new URL(page.url).pathname} (${page.status}) has no form with ${mark}`);
}

const hiddenFields = (content: string): [string, string][] =>
  [...content.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    attribute(tag, 'name') ?? '',
    attribute(tag, 'value') ?? '',
  ]);

/** The value of an attribute, or of every `name="…"` input of a form, as it was before it was escaped. */
export function attribute(tag: string, name: string): string | null {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
  return found ? plain(found[1] as string) : null;
}

export const inputValues = (page: Page, name: string): string[] =>
  [...page.html.matchAll(/<input\b[^>]*>/g)]
    .filter(([tag]) => attribute(tag, 'name') === name)
    .map(([tag]) => attribute(tag, 'value') ?? '');

/** The text of the element that carries `mark`, without tags. */
export function textOf(page: Page, mark: string): string | null {
  const found = new RegExp(`<[a-z0-9]+\\b[^>]*${mark}[^>]*>(.*?)<\\/`, 's').exec(page.html);
  return found ? plain((found[1] as string).replace(/<[^>]*>/g, '')).trim() : null;
}

const plain = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
