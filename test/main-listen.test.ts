// The listening server: plain or TLS, and a stop that lets an answer on its way go out.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type SecureVersion } from 'node:tls';
import { listen } from '../src/main-listen.ts';
import { quietLogger } from './support/ledger.ts';

const here = { host: '127.0.0.1', port: 0, tls: null };
const hello: RequestListener = (_req, res) => void res.end('hello');

test('it listens where it is told, and no longer after its close', async () => {
  const server = await listen(hello, here, quietLogger);
  assert.equal(await (await fetch(server.address)).text(), 'hello');
  await server.close();
  await assert.rejects(fetch(server.address));
});

test('a taken port is one error that names it', async () => {
  const server = await listen(hello, here, quietLogger);
  const port = Number(new URL(server.address).port);
  await assert.rejects(listen(hello, { ...here, port }, quietLogger), new RegExp(`EADDRINUSE.*${port}`));
  await server.close();
});

test('an answer on its way goes out before the server is closed', async () => {
  const slow: RequestListener = async (_req, res) => {
    await sleep(150);
    res.end('late but whole');
  };
  const server = await listen(slow, here, quietLogger);
  const answer = fetch(server.address).then((response) => response.text());
  await sleep(50);
  await server.close();
  assert.equal(await answer, 'late but whole');
});

const tlsFolder = join(import.meta.dirname, 'vectors/tls');
const tls = { certFile: join(tlsFolder, 'cert.pem'), keyFile: join(tlsFolder, 'key.pem') };

test('with a certificate it speaks TLS 1.2 and later, and nothing older', async () => {
  const ca = await readFile(tls.certFile, 'utf8');
  const server = await listen(hello, { ...here, tls }, quietLogger);
  const port = Number(new URL(server.address).port);
  const versionOf = (maxVersion: SecureVersion) =>
    new Promise<string | null>((done, fail) => {
      const options = { port, ca, servername: 'localhost', minVersion: 'TLSv1', maxVersion } as const;
      const socket = connect({ ...options, host: '127.0.0.1', ciphers: 'DEFAULT@SECLEVEL=0' }, () => {
        done(socket.getProtocol());
        socket.destroy();
      }).once('error', fail);
    });
  assert.equal(await versionOf('TLSv1.3'), 'TLSv1.3');
  assert.equal(await versionOf('TLSv1.2'), 'TLSv1.2');
  await assert.rejects(versionOf('TLSv1.1'), /protocol version|unsupported protocol/i);
  await server.close();
});

test('of TLS 1.2 only forward secret suites with authenticated encryption are spoken', async () => {
  const ca = await readFile(tls.certFile, 'utf8');
  const server = await listen(hello, { ...here, tls }, quietLogger);
  const port = Number(new URL(server.address).port);
  const suiteOf = (ciphers: string, maxVersion: SecureVersion = 'TLSv1.2') =>
    new Promise<string>((done, fail) => {
      const options = { port, host: '127.0.0.1', ca, servername: 'localhost', ciphers, maxVersion };
      const socket = connect(options, () => {
        done(socket.getCipher().name);
        socket.destroy();
      }).once('error', fail);
    });
  // The certificate's key decides between the ECDSA and the RSA suite of a pair.
  const either = (size: string) => `ECDHE-ECDSA-AES${size}:ECDHE-RSA-AES${size}`;
  for (const good of ['128-GCM-SHA256', '256-GCM-SHA384'])
    assert.match(await suiteOf(either(good)), new RegExp(`^ECDHE-(ECDSA|RSA)-AES${good}$`));
  for (const bad of [
    either('128-SHA'),
    either('256-SHA384'),
    'AES128-GCM-SHA256:AES256-GCM-SHA384',
    'AES128-SHA:AES256-SHA',
    'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
    'DHE-RSA-AES128-GCM-SHA256',
  ])
    await assert.rejects(suiteOf(bad), /handshake failure/i, bad);
  assert.match(await suiteOf('TLS_AES_128_GCM_SHA256', 'TLSv1.3'), /^TLS_AES_128_GCM_SHA256$/);
  await server.close();
});

test('a certificate that cannot be read is an error that names the file', async () => {
  await assert.rejects(
    listen(hello, { ...here, tls: { ...tls, certFile: '/no/cert.pem' } }, quietLogger),
    /\/no\/cert\.pem/,
  );
});
