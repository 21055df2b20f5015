// A third party's endpoint for withdrawal notices: a real server on loopback that keeps what it gets.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

export interface NoticeReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** What it answers from now on; null: nothing, ever. */
  answer: number | null;
  /** Waits until it has got so many. */
  reach(count: number, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

export async function noticeReceiver(): Promise<NoticeReceiver> {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    req.on('end', () => {
      received.push({ headers: req.headers, body, atMs: performance.now() });
      if (receiver.answer !== null) res.writeHead(receiver.answer).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const receiver: NoticeReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`,
    received,
    answer: 202,
    async reach(count, withinMs = 5000) {
      const giveUpAt = performance.now() + withinMs;
      while (received.length < count) {
        if (performance.now() > giveUpAt) throw new Error(`${received.length} of ${count} notices came`);
        await new Promise((next) => setTimeout(next, 20));
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}
