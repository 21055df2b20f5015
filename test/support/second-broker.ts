// Another broker process on the same databases, keys and issuer, as behind a load balancer: `npm start`, really.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../src/db/free-port.ts';
import type { TestBroker } from './broker.ts';
import { compiledFiles } from './command.ts';

export interface SecondBroker {
  /** Where it listens; its issuer is that of the first. */
  readonly address: string;
  readonly pid: number;
  close(): Promise<void>;
}

const program = join(import.meta.dirname, '../../src/main.ts');
const patienceMs = 60_000;

/** `further` settings of its own take the place of the first one's. */
export async function secondBroker(
  first: TestBroker,
  further: Readonly<Record<string, string>> = {},
): Promise<SecondBroker> {
  const port = await freePort();
  const { config } = first.parts;
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...compiledFiles(),
      ...first.environment,
      PORT: String(port),
      STABLEDOOR_ISSUER: first.issuer,
      STABLEDOOR_KEY_DIR: config.keyDir,
      STABLEDOOR_LOG_ORIGIN: config.logOrigin,
      ...further,
    },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const address = `http://127.0.0.1:${port}`;
  const giveUp = performance.now() + patienceMs;
  while (!(await isReady(address))) {
    if (child.exitCode !== null || performance.now() > giveUp) {
      child.kill('SIGKILL');
      throw new Error(`the second broker did not start: ${said.slice(-500)}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    address,
    pid: child.pid as number,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const isReady = (address: string): Promise<boolean> =>
  fetch(`${address}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  );
