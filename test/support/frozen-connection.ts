// A TCP relay to PostgreSQL that can freeze: nothing passes and nothing is closed, as with a hung server or a network
// that swallows what it is given.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface FrozenConnection {
  /** The same database, by way of here. */
  readonly url: string;
  /** Stops every connection there is; with `andNew` those to come as well. */
  freeze(andNew: boolean): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function frozenConnection(to: string): Promise<FrozenConnection> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  let newToo = false;
  const server = createServer((broker) => {
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [broker, database]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    broker.pipe(database);
    database.pipe(broker);
    if (newToo) pause(broker, database);
  });
  const pause = (...each: Socket[]) => {
    for (const socket of each) socket.pause();
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    freeze(andNew) {
      newToo = andNew;
      pause(...sockets);
    },
    thaw() {
      newToo = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
