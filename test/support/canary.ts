// A server that nobody should call, which counts who does.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Canary {
  readonly url: string;
  readonly calls: readonly string[];
  close(): Promise<void>;
}

export async function canary(): Promise<Canary> {
  const calls: string[] = [];
  const server = createServer((req, res) => {
    calls.push(req.url ?? '');
    res.setHeader('content-type', 'application/json').end('{"keys":[]}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    calls,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
