// The broker (`npm start`): settings from the environment, parts, application, server; stopped cleanly by SIGINT or
// SIGTERM. It listens only when everything that must hold at a start holds; a bad setting ends it with 78.
import { createApp } from './app.ts';
import { failureOf } from './cli/failure.ts';
import { openOutput } from './cli/output.ts';
import { readConfig } from './config.ts';
import { serveMetrics } from './http/metrics-server.ts';
import { listen } from './main-listen.ts';
import { openLogger } from './observe/logger.ts';
import { openParts } from './parts.ts';

async function runBroker(stopRequested: Promise<NodeJS.Signals>): Promise<void> {
  const config = readConfig();
  const logger = openLogger('info');
  const parts = await openParts(config, logger);
  try {
    const server = await listen(createApp(parts), config, logger);
    const { issuer, mode, metricsPort, host } = config;
    const metrics = metricsPort === null ? null : await serveMetrics(parts.metrics, metricsPort, host);
    logger.info({ address: server.address, issuer, mode, ledger: parts.log.origin }, 'ready');
    const signal = await stopRequested;
    logger.info({ signal }, 'stopping');
    metrics?.close();
    await server.close();
  } finally {
    await parts.close();
  }
  logger.info('stopped');
}

/** The first signal stops cleanly, also one that comes during the start; the second ends at once. */
function stopRequest(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      done(signal);
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
  });
}

try {
  await runBroker(stopRequest());
  process.exit(0);
} catch (error) {
  const { exitCode, line } = failureOf(error);
  openOutput(false).complain(line ?? 'it did not start');
  process.exit(exitCode);
}
