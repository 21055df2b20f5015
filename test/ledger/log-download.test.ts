// Reading a log from an address: what a server may do to whoever reads it, and what each of it is called.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { findLog, LogUnreadable, tilesAt } from '../../src/ledger/log-download.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const at = (places: Readonly<Record<string, string>>) =>
  serving((req, res) => {
    const body = places[req.url ?? ''];
    res.writeHead(body === undefined ? 404 : 200).end(body);
  });

test('a log is found at a broker, at its own address, and at a copy of its files', async () => {
  const broker = await at({ '/ledger/checkpoint': 'note', '/ledger/tile/0/000': 'bytes' });
  for (const address of [broker, `${broker}/`, `${broker}/ledger`, `${broker}/ledger//`]) {
    const { url, note } = await findLog(address);
    assert.deepEqual([url, Buffer.from(note).toString()], [`${broker}/ledger`, 'note']);
  }
  assert.equal(String(await tilesAt(`${broker}/ledger`)('tile/0/000')), 'bytes');
  assert.equal(await tilesAt(`${broker}/ledger`)('tile/0/001'), null);
  const copy = await at({ '/log/checkpoint': 'note' });
  assert.equal((await findLog(`${copy}/log`)).url, `${copy}/log`);
});

test('where there is no log, that is said with the address that was asked', async () => {
  const nothing = await at({});
  await assert.rejects(findLog(nothing), (error) => {
    assert.ok(error instanceof LogUnreadable);
    assert.match(error.message, /there is no log at http.*\/ledger\/checkpoint is not there/);
    return true;
  });
});

test('a redirection is not followed: it could lead into the network of whoever asks', async () => {
  let followed = false;
  const inside = await serving((_req, res) => {
    followed = true;
    res.end('note');
  });
  const leads = await serving((_req, res) => res.writeHead(302, { location: `${inside}/secret` }).end());
  await assert.rejects(findLog(leads), /leads on to http.*\/secret: give that address/);
  assert.equal(followed, false);
});

test('an answer that is too long, or never ends, is cut off at its limit', async () => {
  const endless = await serving((_req, res) => {
    const more = () => {
      while (res.write(Buffer.alloc(65_536))) if (res.destroyed) return;
    };
    res.on('drain', more).on('error', () => {});
    more();
  });
  await assert.rejects(findLog(endless), /is longer than 400000 bytes/);
  await assert.rejects(tilesAt(endless)('tile/0/000'), /is longer than 8192 bytes/);
});

test('a tile that leads elsewhere is not followed either', async () => {
  const leads = await serving((_req, res) => res.writeHead(307, { location: '/tile/0/001' }).end());
  await assert.rejects(tilesAt(leads)('tile/0/000'), /leads on to \/tile\/0\/001/);
});

test('an answer that unpacks to more than its limit is cut off too', async () => {
  const packed = gzipSync(Buffer.alloc(10_000_000));
  const bomb = await serving((_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
  assert.ok(packed.length < 20_000);
  await assert.rejects(tilesAt(bomb)('tile/0/000'), /is longer than 8192 bytes/);
});

/** Answers so, counted; what it is asked for is never what it gave. */
async function unreadable(answer: RequestListener, words: RegExp): Promise<number> {
  let asked = 0;
  const begun = performance.now();
  const url = await serving((req, res) => {
    asked++;
    answer(req, res);
  });
  await assert.rejects(tilesAt(url, 150)('tile/0/000'), (error) => {
    assert.ok(error instanceof LogUnreadable, String(error));
    assert.match(error.message, words);
    return true;
  });
  // Four tries and the pauses between them.
  assert.ok(performance.now() - begun < 10_000, 'it waits longer than it was told to');
  return asked;
}

test('an answer that breaks off before its end is no tile, whether its length was said or not', async () => {
  const said: RequestListener = (_req, res) => {
    res.writeHead(200, { 'content-length': '64' }).write(Buffer.alloc(32));
    setTimeout(() => res.destroy(), 20);
  };
  const unsaid: RequestListener = (_req, res) => {
    res.writeHead(200).write(Buffer.alloc(32));
    setTimeout(() => res.destroy(), 20);
  };
  for (const answer of [said, unsaid]) assert.equal(await unreadable(answer, /does not answer/), 4);
});

test('an answer that never begins, and one that comes drop by drop, end in their time', async () => {
  assert.equal(await unreadable(() => {}, /did not answer in 0\.15 s/), 4);
  const drops: RequestListener = (_req, res) => {
    const timer = setInterval(() => res.write('x'), 20);
    res.on('close', () => clearInterval(timer));
  };
  assert.equal(await unreadable(drops, /did not answer in 0\.15 s/), 4);
  const silent = await serving(() => {});
  await assert.rejects(findLog(silent, 150), /did not answer/);
});

test('a server that is busy is asked again, one that refuses is not, and neither speaks for the log', async () => {
  let asked = 0;
  const busy = await serving((_req, res) => {
    asked++;
    if (asked < 3) res.writeHead(503, { 'retry-after': '0' }).end();
    else res.end('note');
  });
  assert.equal(String((await findLog(busy)).note), 'note');
  assert.equal(asked, 3);
  let refused = 0;
  const refuses = await serving((_req, res) => {
    refused++;
    res.writeHead(403).end();
  });
  await assert.rejects(findLog(refuses), LogUnreadable);
  assert.equal(refused, 1);
});

test('nobody at the address is said in words', async () => {
  const gone = await serving(() => {});
  const server = servers.pop() as Server;
  server.close();
  await once(server, 'close');
  await assert.rejects(findLog(gone), /does not answer \(connect ECONNREFUSED/);
});
