// Runs the tests on a PostgreSQL of their own: `npm test`, or `npm test -- test/ledger/sequencer.test.ts` for some.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster, testDataDir } from '../test/support/cluster.ts';

const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const files = named.length > 0 ? named : globSync('test/**/*.test.ts').sort();

// A file that hangs is ended; at full counts one may take an hour.
const longestFileMs = process.env.STABLEDOOR_SOAK === '1' ? 3_600_000 : 300_000;

const cluster = await startCluster();
const runner = spawn(
  process.execPath,
  ['--test', '--test-concurrency=2', `--test-timeout=${longestFileMs}`, ...flags, ...files],
  {
    stdio: 'inherit',
    // Hundreds of processes load the same files: kept as compiled, each starts in half the time.
    env: { NODE_COMPILE_CACHE: join(testDataDir, 'compiled'), ...process.env },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
runner.on('exit', async (code) => {
  await cluster.stop();
  process.exit(code ?? 1);
});
