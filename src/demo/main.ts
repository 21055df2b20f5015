// npm run demo: from nothing to a consent given, used, refused, stopped and proven, then stays up for you to try.
// With --once it ends after the story: 0, or 1 and why.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openThirdParty } from '../../examples/third-party.ts';
import { startSite } from '../../examples/third-party-server.ts';
import { createApp } from '../app.ts';
import { ConfigError, configExitCode, readConfig } from '../config.ts';
import { freePort, isFree } from '../db/free-port.ts';
import { addDays, addMonths, localDateAt } from '../lib/local-date.ts';
import { defaultZone } from '../metering/source.ts';
import { openLogger } from '../observe/logger.ts';
import { openParts, type Parts } from '../parts.ts';
import { type Cast, type DemoThirdParty, makeCast } from './cast.ts';
import { narrator, StoryError } from './narrator.ts';
import { demoEnvironment, discardDemoKeys } from './settings.ts';
import { tellStory } from './story.ts';

const once = process.argv.includes('--once');
const write = (text: string) => void process.stdout.write(text);

async function demoConfig() {
  const asked = readConfig(demoEnvironment());
  if (asked.port !== 0 && (await isFree(asked.port, asked.host))) return asked;
  const port = await freePort();
  if (asked.port !== 0) write(`Port ${asked.port} is taken; using ${port}.\n`);
  return readConfig(demoEnvironment({ PORT: String(port) }));
}

function listen(parts: Parts): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createApp(parts).listen(parts.config.port, parts.config.host, (error?: Error) =>
      error ? fail(error) : done(server),
    );
  });
}

/** A year that has closed, but for its last days. */
function yearOf(parts: Parts) {
  const today = localDateAt(parts.clock.nowMs(), defaultZone);
  return { from: addMonths(addDays(today, -3), -12), until: addMonths(today, 1) };
}

async function run(): Promise<void> {
  const started = performance.now();
  const config = await demoConfig();
  await discardDemoKeys(config);
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void close().then(() => process.exit(0)));
  try {
    write('Stabledoor demo. Every reading here was made up by a program; nothing is sent anywhere.\n');
    const parts = await openParts(config, openLogger(once ? 'silent' : 'warn'), { fresh: true });
    closing.push(() => parts.close());
    const broker = await listen(parts);
    closing.push(() => closeServer(broker));
    const { site, cast, brightwatt } = await openSite(parts);
    closing.push(() => closeServer(site));
    const household = cast.household('stops');
    await tellStory(
      {
        ...yearOf(parts),
        issuer: config.issuer,
        dataDir: config.dataDir,
        thirdParty: await openThirdParty({ issuer: config.issuer, ...brightwatt }),
        thirdPartyName: 'Brightwatt Ltd',
        household,
        verifierKey: parts.ledger.verifierKey,
        environment: demoEnvironment({ PORT: String(config.port) }),
      },
      narrator(write),
    );
    write(`\nThe story took ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
    if (once) return await close();
    invite(parts, cast, site);
  } catch (error) {
    await close();
    throw error;
  }
}

/** The sample third party needs its address to be registered, and its registration to be opened. */
async function openSite(parts: Parts): Promise<{ site: Server; cast: Cast; brightwatt: DemoThirdParty }> {
  let brightwatt: DemoThirdParty | undefined;
  const site = await startSite({
    name: 'Brightwatt',
    wanted: { purpose: 'energy-advice', resolution: 'PT30M', ...yearOf(parts) },
    thirdParty: () => openThirdParty({ issuer: parts.config.issuer, ...(brightwatt as DemoThirdParty) }),
  });
  const { port } = site.address() as AddressInfo;
  const cast = await makeCast(parts, `http://127.0.0.1:${port}/callback`);
  brightwatt = cast.thirdParties[0] as DemoThirdParty;
  return { site, cast, brightwatt };
}

function invite(parts: Parts, cast: Cast, site: Server): void {
  const { issuer, dataDir } = parts.config;
  write(`
Still running. Try it yourself:
  ${issuer}/                     the broker; sign in as ${cast.household('shares').email} (the code is shown on the page)
  http://127.0.0.1:${(site.address() as AddressInfo).port}/               Brightwatt, which asks for readings
  ${dataDir}/demo.json   everybody who is in the demo, keys included
Stop it with Ctrl-C.
`);
}

const closeServer = (server: Server) =>
  new Promise<void>((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });

run().catch((error: unknown) => {
  const { message } = error as Error;
  process.stderr.write(`${error instanceof StoryError ? '' : 'The demo could not run: '}${message}\n`);
  process.exit(error instanceof ConfigError ? configExitCode : 1);
});
