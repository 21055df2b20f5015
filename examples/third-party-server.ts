// A third party's web site around third-party.ts: one page that asks, one that the householder comes back to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Access, PushedRequest, ThirdParty, Wanted } from './third-party.ts';

export interface SiteSettings {
  readonly name: string;
  readonly wanted: Wanted;
  /** Opened once the site has its address, which is part of what was registered. */
  readonly thirdParty: () => Promise<ThirdParty>;
}

const mostWaiting = 100;

/** Listens on loopback; port 0 takes a free one. Close the server to end it. */
export function startSite(settings: SiteSettings, port = 0): Promise<Server> {
  const waiting = new Map<string, PushedRequest>();
  const server = createServer((req, res) => {
    answer(settings, waiting, req, res).catch((error: unknown) => {
      page(res, 502, settings.name, `<p>It did not work: ${escaped(String((error as Error).message))}</p>`);
    });
  });
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

async function answer(
  settings: SiteSettings,
  waiting: Map<string, PushedRequest>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const url = new URL(req.url ?? '/', `http://${req.headers.host}`);
  if (url.pathname === '/ask') {
    const request = await (await settings.thirdParty()).ask(settings.wanted);
    const callbackState = crypto.randomUUID();
    if (waiting.size >= mostWaiting) waiting.delete(waiting.keys().next().value as string);
    waiting.set(callbackState, request);
    const cookie = `request=${callbackState}; HttpOnly; SameSite=Lax; Path=/`;
    res.writeHead(303, { location: request.authorizationUrl.href, 'set-cookie': cookie }).end();
    return;
  }
  if (url.pathname === '/callback') {
    const key = /request=([0-9a-f-]{36})/.exec(req.headers.cookie ?? '')?.[1] ?? '';
    const request = waiting.get(key);
    waiting.delete(key);
    if (!request) return page(res, 400, settings.name, '<p>Nothing was asked from this browser.</p>');
    return page(res, 200, settings.name, await granted(await request.redeem(url)));
  }
  page(res, 200, settings.name, '<p>We give energy advice.</p><p><a href="/ask">Ask for my readings</a></p>');
}

async function granted(access: Access): Promise<string> {
  const [meterPoint = ''] = access.meterPoints;
  const first = `${access.from.slice(0, 8)}01`;
  const month = new Date(`${first}T00:00:00Z`);
  const start = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1))
    .toISOString()
    .slice(0, 10);
  const end = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 2, 1))
    .toISOString()
    .slice(0, 10);
  const query = { from: start, to: end, resolution: access.resolution };
  const answer = await access.readings(meterPoint, query);
  return `<p>You shared ${escaped(access.resolution)} from ${escaped(access.from)} until ${escaped(access.until)}.</p>
<pre>${escaped(JSON.stringify(await answer.json(), null, 2))}</pre>`;
}

function page(res: ServerResponse, status: number, name: string, content: string): void {
  res
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
    })
    .end(
      `<!doctype html><html lang="en"><title>${escaped(name)}</title><h1>${escaped(name)}</h1>${content}</html>`,
    );
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
