// The requests of the flow, one function a step, each of which a case can bend; and what a refusal must look like.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import {
  newPkce,
  type Pkce,
  type RelyingParty,
  sha256Base64url,
  type TestKey,
} from '../../support/third-party.ts';
import type { Target } from './target.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any server, looked at by cases
  readonly body: any;
}
type Form = Readonly<Record<string, unknown>>;

export async function post(
  url: string,
  form: Form | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const fields = typeof form === 'string' ? form : new URLSearchParams(form as Record<string, string>);
  const body = fields.toString();
  return read(
    await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    }),
  );
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return read(await fetch(url, { headers, redirect: 'manual' }));
}

async function read(answer: Response): Promise<Answer> {
  const text = await answer.text();
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {}
  return { status: answer.status, headers: answer.headers, text, body };
}

/** A header sent more than once, which fetch would join. */
export function getRaw(url: string, headers: Record<string, string | string[]>): Promise<Answer> {
  return new Promise((done, fail) => {
    httpRequest(url, { headers }, (res) => {
      let text = '';
      res.on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () =>
        done({
          status: res.statusCode ?? 0,
          headers: new Headers(res.headers as Record<string, string>),
          text,
          body: null,
        }),
      );
    })
      .on('error', fail)
      .end();
  });
}

export interface PushOptions {
  readonly by?: RelyingParty;
  readonly form?: Form;
  readonly detail?: object;
  readonly headers?: Record<string, string>;
  readonly pkce?: Pkce;
}

export async function push(t: Target, options: PushOptions = {}): Promise<Answer> {
  const { by = t.first, pkce = newPkce() } = options;
  const form = await by.pushForm({}, pkce, { ...t.asking(options.detail), ...options.form });
  return post(t.metadata.pushed_authorization_request_endpoint, form, options.headers);
}

export function authorizationUrl(
  t: Target,
  requestUri: string,
  by: RelyingParty = t.first,
  more: Record<string, string> = {},
): string {
  const query = { client_id: by.thirdParty.clientId, request_uri: requestUri, ...more };
  return `${t.metadata.authorization_endpoint}?${new URLSearchParams(query)}`;
}

export interface Coded {
  readonly code: string;
  readonly pkce: Pkce;
  readonly by: RelyingParty;
  readonly callback: URL;
}

/** Pushed, approved and back at the third party. */
export async function code(t: Target, options: PushOptions = {}): Promise<Coded> {
  const pkce = options.pkce ?? newPkce();
  const by = options.by ?? t.first;
  const pushed = await push(t, { ...options, pkce });
  assert.equal(pushed.status, 201, pushed.text);
  const { url: callback, html } = await t.approve(authorizationUrl(t, pushed.body.request_uri, by));
  const given = callback.searchParams.get('code');
  assert.ok(given, `no code: ${callback} ${html.slice(0, 300)}`);
  return { code: given, pkce, by, callback };
}

export interface TokenOptions {
  readonly by?: RelyingParty;
  readonly form?: Form;
  /** Null: no DPoP header. */
  readonly proof?: string | null;
  readonly key?: TestKey;
}

async function proven(t: Target, by: RelyingParty, { proof, key }: TokenOptions) {
  if (proof === null) return {};
  return { DPoP: proof ?? (await by.proof('POST', t.metadata.token_endpoint, {}, {}, key)) };
}

export async function redeem(t: Target, coded: Coded, options: TokenOptions = {}): Promise<Answer> {
  const by = options.by ?? coded.by;
  const form = await by.codeForm(coded.code, coded.pkce, options.form);
  return post(t.metadata.token_endpoint, form, await proven(t, by, options));
}

export async function refresh(t: Target, token: string, options: TokenOptions = {}): Promise<Answer> {
  const by = options.by ?? t.first;
  return post(
    t.metadata.token_endpoint,
    await by.refreshForm(token, options.form),
    await proven(t, by, options),
  );
}

export async function ownToken(t: Target, options: TokenOptions = {}): Promise<Answer> {
  const by = options.by ?? t.first;
  const form = await by.clientForm(t.ownScope, options.form);
  return post(t.metadata.token_endpoint, form, await proven(t, by, options));
}

/** All of it. */
export async function issue(t: Target, options: PushOptions = {}): Promise<Answer['body']> {
  const answer = await redeem(t, await code(t, options));
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

export interface ReadOptions {
  readonly by?: RelyingParty;
  readonly url?: string;
  readonly scheme?: string;
  readonly claims?: Form;
  readonly header?: Form;
  readonly key?: TestKey;
  /** Null: no DPoP header. */
  readonly proof?: string | null;
}

/** One call of the resource with a proof made for it, unless the case says otherwise. */
export async function call(t: Target, token: string, options: ReadOptions = {}): Promise<Answer> {
  const url = options.url ?? t.resource;
  const proof = options.proof === undefined ? await proofFor(t, token, options) : options.proof;
  return get(url, {
    authorization: `${options.scheme ?? 'DPoP'} ${token}`,
    ...(proof === null ? {} : { DPoP: proof }),
  });
}

export function proofFor(t: Target, token: string, options: ReadOptions = {}): Promise<string> {
  const { by = t.first, url = t.resource, claims = {}, header, key } = options;
  const ath = sha256Base64url(token);
  return by.proof('GET', url.split('?', 1)[0] as string, { ath, ...claims }, header, key);
}

/** RFC 6749 section 5.2: a JSON body with one of these errors, nothing kept, nothing that could break a header. */
export function refused(answer: Answer, status: number | number[], errors: string | string[]): void {
  assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.text}`);
  assert.ok([errors].flat().includes(answer.body?.error), `${answer.status} ${answer.text}`);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  assert.doesNotMatch(String(answer.body.error_description ?? ''), /[\r\n\t]/);
}

/** RFC 9449 section 7.1: at the resource. */
export function challenged(answer: Answer, errors: string | string[]): void {
  assert.equal(answer.status, 401, answer.text);
  const challenge = answer.headers.get('www-authenticate') ?? '';
  assert.match(challenge, /^DPoP /, challenge);
  assert.match(challenge, /algs="/);
  assert.ok([errors].flat().includes(/error="([a-z_]+)"/.exec(challenge)?.[1] ?? ''), challenge);
}
