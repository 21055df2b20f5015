// A TCP connection between broker and PostgreSQL that can be cut at an exact message: before it is sent on, or after
// the server has acted on it and before its answer comes back. What a network or a crash does, at a chosen place.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** `before`: the server never sees the message. `after`: it has answered, and the answer is lost; `late`: it is late. */
export type Cut = 'before' | 'after' | 'late';

export interface CuttableConnection {
  /** The same database, by way of here. */
  readonly url: string;
  /** The next `times` messages that hold `pattern` are cut. */
  cut(pattern: string, how: Cut, times?: number): void;
  /** How many have been cut since the start. */
  readonly made: number;
  close(): Promise<void>;
}

const delayMs = 3000;

export async function cuttableConnection(to: string): Promise<CuttableConnection> {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  let wanted: { pattern: Buffer; how: Cut; left: number } | null = null;
  let made = 0;

  const take = (chunk: Buffer): Cut | null => {
    if (wanted === null || wanted.left === 0 || !chunk.includes(wanted.pattern)) return null;
    wanted.left -= 1;
    made += 1;
    return wanted.how;
  };

  const server = createServer((broker) => {
    const database = connect(Number(target.port), target.hostname);
    for (const socket of [broker, database]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    const end = () => {
      broker.destroy();
      database.destroy();
    };
    let losing: 'after' | 'late' | null = null;
    broker.on('data', (chunk) => {
      const how = take(chunk);
      if (how === 'before') return end();
      losing = how ?? losing;
      database.write(chunk);
    });
    database.on('data', (chunk) => {
      if (losing === 'after') return end();
      if (losing === null) return void broker.write(chunk);
      losing = null;
      setTimeout(() => broker.write(chunk), delayMs).unref();
    });
    broker.on('close', end);
    database.on('close', end);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut(pattern, how, times = 1) {
      wanted = { pattern: Buffer.from(pattern), how, left: times };
    },
    get made() {
      return made;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
