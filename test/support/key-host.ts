// Where a third party keeps its keys: a real server on loopback that a test can change, slow down or break.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface KeyHost {
  readonly url: string;
  /** How often it was asked. */
  readonly asked: number;
  /** What stands there: an object as JSON, a text as it is. */
  answer: { status?: number; body: unknown; delayMs?: number };
  close(): Promise<void>;
}

export async function keyHost(body: unknown): Promise<KeyHost> {
  let asked = 0;
  const server = createServer((_req, res) => {
    asked++;
    const { status = 200, body, delayMs = 0 } = host.answer;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    setTimeout(() => res.writeHead(status, { 'content-type': 'application/json' }).end(text), delayMs);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const host: KeyHost = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get asked() {
      return asked;
    },
    answer: { body },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return host;
}
