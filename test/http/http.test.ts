import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import supertest from 'supertest';
import { z } from 'zod';
import { cookieJar } from '../../src/http/cookies.ts';
import { formBody, jsonBody } from '../../src/http/limits.ts';
import { nothingHere, onlyMethods, problemResponses } from '../../src/http/problem.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { limitShape } from '../../src/http/request-shape.ts';
import { sameOrigin } from '../../src/http/same-origin.ts';
import { consentPageHeaders, securityHeaders } from '../../src/http/security-headers.ts';
import { validate } from '../../src/http/validate.ts';
import { StabledoorError } from '../../src/lib/errors.ts';
import { openLogger } from '../../src/observe/logger.ts';

const issuer = 'http://localhost:8080';
const shape = z.strictObject({ name: z.string().max(5) });
const jar = cookieJar({ https: false });

function application() {
  const app = express();
  app.use(giveRequestId, securityHeaders({ https: true }), limitShape, sameOrigin(issuer));
  app.get('/page', (_req, res) => void res.send('page'));
  app.get('/dev-consent', consentPageHeaders({ production: false }), (_req, res) => void res.send('consent'));
  app.get('/consent', consentPageHeaders({ production: true }), (_req, res) => void res.send('consent'));
  app.post('/form', formBody(), (req, res) => void res.json(validate(shape, req.body)));
  app.post('/json', jsonBody(), (req, res) => void res.json(validate(shape, req.body)));
  app.all('/form', onlyMethods('POST'));
  app.get('/fault', () => {
    throw new Error('the password is hunter2');
  });
  app.get('/closed', () => {
    throw new StabledoorError('period_not_closed', 'Not yet.', { closed_until: '2026-01-01' });
  });
  app.get('/cookie', (req, res) => void res.json({ value: jar.find(req, 'session') }));
  app.get('/down', () => {
    throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  });
  app.use(nothingHere, problemResponses({ issuer, log: openLogger('silent') }));
  return supertest(app);
}
const client = application();

test('a refused request is a problem document with code, type and request id', async () => {
  const { status, headers, body } = await client.get('/closed');
  assert.equal(status, 403);
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.equal(body.type, `${issuer}/errors/period_not_closed`);
  assert.equal(body.code, 'period_not_closed');
  assert.equal(body.detail, 'Not yet.');
  assert.equal(body.closed_until, '2026-01-01');
  assert.equal(body.request_id, headers['request-id']);
});

test('a fault of ours keeps its text to itself', async () => {
  const { status, text, body } = await client.get('/fault');
  assert.deepEqual([status, body.code], [500, 'internal_error']);
  assert.doesNotMatch(text, /hunter2|at .*\.ts/);
});

test('a database that does not answer is 503 with a time to come back', async () => {
  const { status, headers, body } = await client.get('/down');
  assert.deepEqual([status, body.code, headers['retry-after']], [503, 'database_unavailable', '2']);
});

test('an unknown path and an unknown method are refused as such', async () => {
  assert.equal((await client.get('/nowhere')).body.code, 'not_found');
  const { status, headers } = await client.delete('/form');
  assert.deepEqual([status, headers.allow], [405, 'POST']);
});

test('too large, too many, repeated, unknown and unreadable input is refused, without repeating it', async () => {
  const form = (body: string) => client.post('/form').type('form').send(body);
  assert.equal((await form(`name=${'x'.repeat(70_000)}`)).status, 413);
  assert.equal((await form('a=1&'.repeat(300))).body.code, 'invalid_request');
  assert.match((await form('name=a&name=b')).body.detail, /^name: /);
  const unknown = await form('name=a&secret=hunter2');
  assert.match(unknown.body.detail, /secret/);
  assert.doesNotMatch(unknown.text, /hunter2/);
  const broken = await client.post('/json').type('json').send('{"name": hunter2');
  assert.deepEqual([broken.status, broken.body.code], [400, 'invalid_request']);
  assert.doesNotMatch(broken.text, /hunter2/);
  assert.deepEqual((await form('name=ok')).body, { name: 'ok' });
});

test('the content security policy of a page is the one that was agreed', async () => {
  const policy = (formAction: string) =>
    "default-src 'none';style-src 'self';script-src 'self';img-src 'self';font-src 'self';" +
    `form-action ${formAction};base-uri 'none';frame-ancestors 'none'`;
  const headerOf = async (path: string) => (await client.get(path)).headers['content-security-policy'];
  assert.equal(await headerOf('/page'), policy("'self'"));
  assert.equal(await headerOf('/consent'), policy("'self' https:"));
  assert.equal(await headerOf('/dev-consent'), policy("'self' https: http://localhost:* http://127.0.0.1:*"));
});

test('every answer forbids framing, sniffing and referrers, asks for TLS and shares with no origin', async () => {
  const { headers } = await client.get('/page').set('Origin', 'https://evil.example');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.match(headers['strict-transport-security'] ?? '', /max-age=\d{7,}/);
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal(headers['x-powered-by'] === undefined, true);
});

test('a form from another site is refused, whichever way the browser says so', async () => {
  const post = (headers: Record<string, string>) =>
    client
      .post('/form')
      .type('form')
      .set(headers)
      .send('name=ok')
      .then((res) => res.status);
  assert.equal(await post({}), 200);
  assert.equal(await post({ Origin: issuer }), 200);
  assert.equal(await post({ Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }), 200);
  assert.equal(await post({ Origin: 'https://evil.example' }), 403);
  assert.equal(await post({ Origin: 'http://localhost:8081' }), 403);
  assert.equal(await post({ 'Sec-Fetch-Site': 'cross-site' }), 403);
  assert.equal(await post({ 'Sec-Fetch-Site': 'same-site' }), 403);
  assert.equal(await post({ Origin: issuer, 'Sec-Fetch-Site': 'cross-site' }), 403);
});

test('a cookie that comes twice, or holds what we never set, is none', async () => {
  const value = async (cookie: string) => (await client.get('/cookie').set('Cookie', cookie)).body.value;
  assert.equal(await value('other=1; session=abc_-9'), 'abc_-9');
  assert.equal(await value('session=abc; session=def'), null);
  assert.equal(await value('session="abc"'), null);
  assert.equal(await value(`session=${'a'.repeat(9000)}`), null);
  assert.equal(await value('xsession=abc'), null);
});

test('an address, its parameters and the headers have limits', async () => {
  assert.equal((await client.get(`/page?a=${'x'.repeat(8000)}`)).status, 200);
  const long = await client.get(`/page?a=${'x'.repeat(8200)}`);
  assert.deepEqual([long.status, long.body.code], [414, 'uri_too_long']);
  assert.equal((await client.get(`/page?${'a&'.repeat(49)}`)).status, 200);
  assert.equal((await client.get(`/page?${'a&'.repeat(50)}`)).status, 400);
  const many = client.get('/page');
  for (let i = 0; i < 100; i++) many.set(`x-${i}`, 'x');
  const refused = await many;
  assert.deepEqual([refused.status, refused.body.code], [431, 'headers_too_large']);
});

test('a small body that would become a large tree is refused', async () => {
  for (const body of [`{"a":${'['.repeat(30)}${']'.repeat(30)}}`, `[${'1,'.repeat(6000)}1]`]) {
    const refused = await client.post('/json').type('json').send(body);
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_request']);
    assert.match(refused.body.detail, /too deep or has too many values/);
  }
});

test('HSTS is said over https and never over http', async () => {
  const headersOf = async (https: boolean) => {
    const app = express().use(securityHeaders({ https }));
    app.get('/', (_req, res) => void res.end());
    return (await supertest(app).get('/')).headers;
  };
  assert.equal((await headersOf(true))['strict-transport-security'], 'max-age=63072000');
  assert.equal((await headersOf(false))['strict-transport-security'], undefined);
});
