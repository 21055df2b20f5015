// Calls to real servers on loopback; what stands elsewhere is refused before a connection is made.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { thirdPartyCaller } from '../../src/registry/third-party-call.ts';

const tls = join(import.meta.dirname, '../vectors/tls');
const cert = readFileSync(join(tls, 'cert.pem'), 'utf8');
const key = readFileSync(join(tls, 'key.pem'), 'utf8');
const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

let requests = 0;
async function serve(answer: RequestListener, secure = false): Promise<number> {
  const counted: RequestListener = (req, res) => {
    requests++;
    answer(req, res);
  };
  const server = secure ? https.createServer({ cert, key }, counted) : http.createServer(counted);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const call = thirdPartyCaller({ allowLoopback: true, ca: cert });
const strict = thirdPartyCaller({ allowLoopback: false, ca: cert });
const get = (url: string, how = call) => how({ method: 'GET', url });

test('a call reaches a server by name, with TLS where it is https, and gives what it answered', async () => {
  const echo: RequestListener = (req, res) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () =>
      res.writeHead(202, { 'x-host': req.headers.host ?? '' }).end(`${req.method} ${req.url} ${body}`),
    );
  };
  const [plain, secure] = [await serve(echo), await serve(echo, true)];
  for (const url of [`http://127.0.0.1:${plain}/a?b=c`, `https://localhost:${secure}/a?b=c`]) {
    const answer = await call({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, body: 'é' });
    assert.deepEqual([answer.status, answer.text], [202, 'POST /a?b=c é']);
    assert.equal(answer.headers['x-host'], new URL(url).host);
  }
});

test('a certificate of another name is refused', async () => {
  const port = await serve((_req, res) => res.end('x'), true);
  await assert.rejects(get(`https://127.0.0.1:${port}/`), /connection failed/);
  const other = thirdPartyCaller({ allowLoopback: true, ca: cert, resolve: async () => ['127.0.0.1'] });
  await assert.rejects(get(`https://third-party.example:${port}/`, other), /connection failed/);
  const untrusted = thirdPartyCaller({ allowLoopback: true });
  await assert.rejects(get(`https://localhost:${port}/`, untrusted), /connection failed/);
});

test('nothing that is not public is called, however it is written; in production not even this machine', async () => {
  const port = await serve((_req, res) => res.end('secret'));
  const before = requests;
  const own = [
    `http://127.0.0.1:${port}/`,
    `https://localhost:${port}/`,
    `https://[::1]:${port}/`,
    'https://127.1/',
  ];
  for (const url of [...own, 'https://2130706433/', 'https://0x7f.1/', 'https://[::ffff:127.0.0.1]/'])
    await assert.rejects(get(url, strict), /not on the public internet/, url);
  for (const url of [
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'https://[64:ff9b::7f00:1]/',
  ])
    await assert.rejects(get(url), /not on the public internet/, url);
  for (const url of [
    'http://1.1.1.1/',
    'ftp://1.1.1.1/',
    'file:///etc/passwd',
    'https://a:b@1.1.1.1/',
    'nothing',
  ])
    await assert.rejects(get(url), /address/, url);
  assert.equal(requests, before);
});

test('of a name with several addresses every one must be public, and the name is resolved once', async () => {
  const port = await serve((_req, res) => res.end('secret'));
  const before = requests;
  const answers = [['1.1.1.1', '127.0.0.1'], ['127.0.0.1'], ['::ffff:127.0.0.1'], []];
  for (const addresses of answers) {
    const how = thirdPartyCaller({ allowLoopback: false, resolve: async () => addresses });
    await assert.rejects(get(`https://rebind.example:${port}/`, how), /public internet|resolved/);
  }
  assert.equal(requests, before);
  // A name that nobody else resolves: only the first look can have led here.
  let looked = 0;
  const once = thirdPartyCaller({
    allowLoopback: true,
    resolve: async () => (looked++ === 0 ? ['127.0.0.1'] : ['192.0.2.1']),
  });
  assert.equal((await get(`http://rebind.invalid:${port}/`, once)).text, 'secret');
  assert.equal(looked, 1);
});

test('a redirect is an answer and is not followed', async () => {
  const target = await serve((_req, res) => res.end('never'));
  const from = await serve((_req, res) =>
    res.writeHead(302, { location: `http://127.0.0.1:${target}/` }).end(),
  );
  const before = requests;
  assert.equal((await get(`http://127.0.0.1:${from}/`)).status, 302);
  assert.equal(requests, before + 1);
});

test('an answer of more than 64 kB, one that never ends, and one that never comes are given up', async () => {
  const large = await serve((_req, res) => res.end(Buffer.alloc(64 * 1024 + 1)));
  await assert.rejects(get(`http://127.0.0.1:${large}/`), /larger than 64 kB/);
  const fits = await serve((_req, res) => res.end(Buffer.alloc(64 * 1024)));
  assert.equal((await get(`http://127.0.0.1:${fits}/`)).text.length, 64 * 1024);
  const short = thirdPartyCaller({ allowLoopback: true, timeoutMs: 300 });
  const silent = await serve(() => {});
  const dripping = await serve((_req, res) => {
    const drip = setInterval(() => res.write('x'), 50);
    res.on('close', () => clearInterval(drip));
  });
  const began = performance.now();
  await assert.rejects(get(`http://127.0.0.1:${silent}/`, short), /too long/);
  await assert.rejects(get(`http://127.0.0.1:${dripping}/`, short), /too long/);
  const unresolved = thirdPartyCaller({
    allowLoopback: true,
    timeoutMs: 300,
    resolve: () => new Promise(() => {}),
  });
  await assert.rejects(get('https://slow.example/', unresolved), /too long/);
  assert.ok(performance.now() - began < 2000);
});
