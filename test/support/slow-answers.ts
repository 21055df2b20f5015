// A TCP relay to PostgreSQL whose answers arrive late: what the database has committed, whoever is behind it learns a moment
// afterwards. It gives a test the time in which to do something between the two.
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface SlowAnswers {
  /** The same database, by way of here. */
  readonly url: string;
  /** From now on; 0 at first. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function slowAnswers(to: string): Promise<SlowAnswers> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  let delayMs = 0;
  const server = createServer((broker) => {
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [broker, database]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    broker.pipe(database);
    let due = 0;
    database.on('data', (chunk) => {
      // In order: nothing overtakes what came before it.
      due = Math.max(due, performance.now() + delayMs);
      setTimeout(() => broker.writable && broker.write(chunk), Math.max(0, due - performance.now()));
    });
    database.on('end', () => broker.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
