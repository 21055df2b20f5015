// A TCP port of this machine that nobody listens on just now.
import { createServer } from 'node:net';

/** On loopback. Another process may take it before we do: whoever uses it must be ready for that. */
export const freePort = (): Promise<number> => probe(0, '127.0.0.1');

export const isFree = (port: number, host: string): Promise<boolean> =>
  probe(port, host).then(
    () => true,
    () => false,
  );

function probe(port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? done(address.port) : fail(new Error('no port')),
      );
    });
  });
}
