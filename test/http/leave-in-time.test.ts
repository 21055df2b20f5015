// An answer to a reader who does not read.
import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { leaveInTime } from '../../src/http/leave-in-time.ts';

// More than both ends of a connection keep for a reader.
const answerBytes = 64 * 1024 * 1024;

/** Reads nothing for `pauseMs`; gives how much came all the same. */
async function bytesAfterPause(pauseMs: number, withinMs: number): Promise<number> {
  const app = express();
  app.get('/', (_req, res) => {
    leaveInTime(res, withinMs);
    res.send(Buffer.alloc(answerBytes));
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await sleep(pauseMs);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await new Promise((done) => socket.once('close', done));
  server.close();
  return bytes;
}

test('an answer that a reader leaves lying is cut off when its time is up', async () => {
  assert.ok((await bytesAfterPause(600, 200)) < answerBytes);
});

test('an answer that is taken in time is whole', async () => {
  assert.ok((await bytesAfterPause(0, 5000)) > answerBytes);
});
