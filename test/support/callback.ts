// A third party's callback as many have it: the registered address answers with a redirect to another origin, where the
// visitor ends. Browsers hold the consent page's form-action against both steps.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TwoStepCallback {
  /** To register. */
  readonly redirectUri: string;
  /** On another origin than redirectUri. */
  readonly landing: string;
  close(): Promise<void>;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listen = (server: Server): Promise<void> => new Promise((done) => server.listen(0, '127.0.0.1', done));

export async function twoStepCallback(): Promise<TwoStepCallback> {
  const second = createServer((_req, res) =>
    res.setHeader('content-type', 'text/html').end('<h1>Arrived</h1>'),
  );
  await listen(second);
  const landing = `http://127.0.0.1:${portOf(second)}/landing`;
  const first = createServer((req, res) => {
    const { search } = new URL(req.url ?? '/', landing);
    res.writeHead(302, { location: `${landing}${search}` }).end();
  });
  await listen(first);
  return {
    redirectUri: `http://localhost:${portOf(first)}/callback`,
    landing,
    async close() {
      for (const server of [first, second]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}
