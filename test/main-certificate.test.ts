// A certificate that is renewed while the server runs: new connections get it, and nothing is cut off.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type SecureVersion } from 'node:tls';
import { readCertificate, watchCertificate } from '../src/main-certificate.ts';
import { listen } from '../src/main-listen.ts';
import { quietLogger } from './support/ledger.ts';

const vectors = join(import.meta.dirname, 'vectors/tls');
const folder = await mkdtemp(join(tmpdir(), 'stabledoor-tls-'));
after(() => rm(folder, { recursive: true }));
const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
const put = async (name: '' | 'renewed-') => {
  await copyFile(join(vectors, `${name}key.pem`), files.keyFile);
  await copyFile(join(vectors, `${name}cert.pem`), files.certFile);
};
const serialOf = async (name: '' | 'renewed-') =>
  new X509Certificate(await readFile(join(vectors, `${name}cert.pem`))).serialNumber;
const [first, renewed] = [await serialOf(''), await serialOf('renewed-')];

/** The serial number that a new connection is shown, and the version that it speaks. */
const shown = (port: number, maxVersion: SecureVersion = 'TLSv1.3', ciphers = 'DEFAULT@SECLEVEL=0') =>
  new Promise<string>((done, fail) => {
    const options = { port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false };
    const socket = connect({ ...options, minVersion: 'TLSv1', maxVersion, ciphers }, () => {
      done(`${socket.getPeerCertificate().serialNumber} ${socket.getProtocol()}`);
      socket.destroy();
    }).once('error', fail);
  });

async function untilShown(port: number, serial: string): Promise<void> {
  const giveUpAt = performance.now() + 5000;
  while ((await shown(port)) !== `${serial} TLSv1.3`) {
    if (performance.now() > giveUpAt) assert.fail('the other certificate is still shown');
    await sleep(20);
  }
}

test('on SIGHUP new connections get the new certificate, and one that is open goes on', async () => {
  await put('');
  const server = await listen(
    (_req, res) => void res.end('hello'),
    { host: '127.0.0.1', port: 0, tls: files },
    quietLogger,
  );
  const port = Number(new URL(server.address).port);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const ask = () =>
    new Promise<string>((done, fail) => {
      https
        .get({ port, host: '127.0.0.1', servername: 'localhost', agent }, (res) => {
          const { serialNumber } = (res.socket as import('node:tls').TLSSocket).getPeerCertificate();
          res.resume().once('end', () => done(serialNumber));
        })
        .once('error', fail);
    });
  assert.equal(await ask(), first);
  await put('renewed-');
  process.kill(process.pid, 'SIGHUP');
  await untilShown(port, renewed);
  assert.equal(await ask(), first);
  // What was asked of the first context holds for the second.
  assert.equal(await shown(port, 'TLSv1.2'), `${renewed} TLSv1.2`);
  await assert.rejects(shown(port, 'TLSv1.1'), /protocol/i);
  await assert.rejects(shown(port, 'TLSv1.2', 'ECDHE-ECDSA-AES128-SHA'), /handshake failure/i);
  agent.destroy();
  await server.close();
  assert.equal(process.listenerCount('SIGHUP'), 0);
});

test('a renewal that is half written changes nothing until it is whole', async () => {
  await put('');
  const pair = await readCertificate(files);
  const errors: unknown[] = [];
  const logger = { ...quietLogger, info() {}, error: (what: unknown) => errors.push(what) } as never;
  const server = https.createServer(pair).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as { port: number };
  const end = watchCertificate({ server, files, pair, options: {}, logger }, 20);
  const complained = async (times: number) => {
    while (errors.length < times) await sleep(10);
  };
  await copyFile(join(vectors, 'renewed-key.pem'), files.keyFile);
  await complained(1);
  assert.equal(await shown(port), `${first} TLSv1.3`);
  await truncate(files.certFile);
  await complained(errors.length + 2);
  await rm(files.certFile);
  await complained(errors.length + 2);
  assert.equal(await shown(port), `${first} TLSv1.3`);
  await put('renewed-');
  await untilShown(port, renewed);
  end();
  server.close();
});
