// The one way in which the broker calls an address that a third party named: resolved once, checked, and connected to at
// that very address. No redirect is followed, and neither time nor size is the other side's to choose.
import { lookup } from 'node:dns/promises';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

/** Why a call came to nothing, in words fit for the third party: never an address of ours, never an answer's text. */
export class CallFault extends Error {
  override readonly name = 'CallFault';
}

export interface ThirdPartyRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ThirdPartyAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface CallOptions {
  /** Outside production a third party may stand on this machine, and then without TLS. */
  readonly allowLoopback: boolean;
  /** For tests: certificate authorities beside the usual, and names that resolve as the test says. */
  readonly ca?: string;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly timeoutMs?: number;
}

/** Errors: CallFault. */
export type CallThirdParty = (request: ThirdPartyRequest) => Promise<ThirdPartyAnswer>;

const longestMs = 3000;
const mostBytes = 64 * 1024;

export function thirdPartyCaller(options: CallOptions): CallThirdParty {
  const { timeoutMs = longestMs, resolve = resolveHost } = options;
  return async (request) => {
    const late = AbortSignal.timeout(timeoutMs);
    const url = readUrl(request.url);
    const address = await Promise.race([placeOf(url, resolve, options.allowLoopback), whenLate(late)]);
    return send(request, { url, address, late, ca: options.ca });
  };
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new CallFault('the address is not an https address');
  if (url.username || url.password) throw new CallFault('the address has a user name or password');
  return url;
}

/** Where to connect. Of a name with several addresses every one must be fit: one that is not is somebody's trick. */
async function placeOf(
  { hostname, protocol }: URL,
  resolve: (host: string) => Promise<readonly string[]>,
  allowLoopback: boolean,
): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [host] : await resolve(host).catch(() => []);
  const [first] = addresses;
  if (first === undefined) throw new CallFault('the name of the host cannot be resolved');
  const isOwn = allowLoopback && addresses.every(isLoopbackAddress);
  if (!isOwn && !addresses.every(isPublicAddress))
    throw new CallFault('the host is not on the public internet');
  if (protocol !== 'https:' && !isOwn) throw new CallFault('the address is not an https address');
  return first;
}

async function resolveHost(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

const tooLate = () => new CallFault('it took too long');
const whenLate = (late: AbortSignal): Promise<never> =>
  new Promise((_, fail) => late.addEventListener('abort', () => fail(tooLate()), { once: true }));

interface Place {
  readonly url: URL;
  readonly address: string;
  readonly late: AbortSignal;
  readonly ca: string | undefined;
}

function send({ method, headers, body }: ThirdPartyRequest, place: Place): Promise<ThirdPartyAnswer> {
  const { url, address, late, ca } = place;
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((done, fail) => {
    const refuse = () => fail(late.aborted ? tooLate() : new CallFault('the connection failed'));
    const request = (secure ? https : http).request({
      // The address that was checked, and no second look at the name. The name still is what the certificate must bear.
      ...{ host: address, port: url.port || (secure ? 443 : 80), path: url.pathname + url.search, method },
      ...{ servername: isIP(host) ? '' : host, ...(ca === undefined ? {} : { ca }) },
      ...{ agent: false, signal: late, minVersion: 'TLSv1.2' as const, maxHeaderSize: 16_384 },
      headers: {
        host: url.host,
        'user-agent': 'stabledoor',
        'accept-encoding': 'identity',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    });
    request.on('error', refuse);
    request.on('response', (response) =>
      readAnswer(response).then(done, (error) => (late.aborted ? refuse() : fail(error))),
    );
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<ThirdPartyAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostBytes) throw new CallFault('the answer is larger than 64 kB');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CallFault ? error : new CallFault('the answer broke off');
  } finally {
    response.destroy();
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  };
}
