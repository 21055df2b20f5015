// Whoever chooses the Host header, or says where a request was forwarded from, chooses nothing that leaves the broker.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, test } from 'node:test';
import { testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
const broker = await testBroker({ databases });
after(async () => {
  await broker.close();
  await databases.close();
});

const evil = 'evil.example';
const lies = {
  host: evil,
  'x-forwarded-host': evil,
  'x-forwarded-proto': 'https',
  'x-original-host': evil,
  forwarded: `host=${evil};proto=https`,
};

function ask(method: string, path: string): Promise<{ status: number; said: string }> {
  const { port } = new URL(broker.issuer);
  return new Promise((done, fail) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers: lies }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      done({
        status: answer.statusCode ?? 0,
        said: `${answer.rawHeaders.join('\n')}\n${Buffer.concat(chunks)}`,
      });
    });
    request.on('error', fail).end();
  });
}

test('no header, link, redirect or document repeats a Host that was made up', async () => {
  for (const [method, path, status] of [
    ['GET', '/.well-known/oauth-authorization-server', 200],
    ['GET', '/.well-known/openid-configuration', 200],
    ['GET', '/.well-known/oauth-protected-resource', 200],
    ['GET', '/openapi.json', 200],
    ['GET', '/v1/meter-points', 401],
    ['GET', '/nothing-here', 404],
    ['GET', '/', 200],
    ['GET', '/sign-in', 200],
    ['GET', '/consents', 303],
    ['POST', '/oauth/par', 400],
    ['GET', '/oauth/par', 405],
    ['GET', `//${evil}/consents`, 404],
    ['GET', `http://${evil}/consents`, 303],
    ['GET', `/sign-in?return_to=//${evil}/`, 200],
  ] as const) {
    const answer = await ask(method, path);
    assert.equal(answer.status, status, path);
    // What a path itself holds may come back as text; a link to it may not.
    const links = answer.said.replaceAll(/return_to=[^"\n]*/g, '');
    assert.ok(!links.includes(evil), `${path}: ${answer.said.slice(0, 300)}`);
  }
});

test('the issuer in metadata is the one that was set', async () => {
  const { said } = await ask('GET', '/.well-known/oauth-authorization-server');
  assert.equal(JSON.parse(said.slice(said.indexOf('{'))).issuer, broker.issuer);
});
