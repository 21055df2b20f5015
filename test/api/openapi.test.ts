import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { contracts } from '../../src/api/contracts.ts';
import { openApiYaml } from '../../src/api/openapi.ts';
import { createApp } from '../../src/app.ts';
import { expressPath } from '../../src/http/route-contract.ts';
import { type TestBroker, testBroker } from '../support/broker.ts';
import { testDatabases } from '../support/database.ts';

const databases = await testDatabases();
let broker: TestBroker;
before(async () => {
  broker = await testBroker({ databases });
});
after(async () => {
  await broker.close();
  await databases.close();
});

const committed = join(import.meta.dirname, '../../openapi.yaml');

/** Pages are for people: their addresses are promised in the documentation, not in the contract. */
const pages =
  /^\/($|sign-in|sign-out|authorize|consents|history|errors|assets|demo|help|helping|helpers|homes|door|erase|passkeys|stop|who-answers|operator)(\/|\.|:|$)/;

/** Every route of the application, as express holds it. */
function routesOf(app: ReturnType<typeof createApp>): string[] {
  type Layer = {
    route?: { path: string | string[]; methods: Record<string, boolean> };
    handle?: { stack?: Layer[] };
  };
  const found: string[] = [];
  const walk = (layers: readonly Layer[]) => {
    for (const { route, handle } of layers) {
      if (handle?.stack && !route) walk(handle.stack);
      for (const path of [route?.path ?? []].flat())
        for (const method of Object.keys(route?.methods ?? {}))
          if (['get', 'post', 'put', 'patch', 'delete'].includes(method)) found.push(`${method} ${path}`);
    }
  };
  walk((app as unknown as { router: { stack: Layer[] } }).router.stack);
  return found;
}

test('openapi.yaml is what the routes promise', async () => {
  assert.equal(await readFile(committed, 'utf8'), openApiYaml(contracts('sandbox')));
});

test('every route that is not a page is in the contract, and every contract has its route', () => {
  const routes = routesOf(createApp(broker.parts)).filter(
    (route) => !pages.test(route.split(' ')[1] as string),
  );
  const promised = contracts('demo').map((contract) => `${contract.method} ${expressPath(contract)}`);
  assert.deepEqual([...new Set(routes)].sort(), [...new Set(promised)].sort());
});

test('the contract passes the linter', async () => {
  const config = await createConfig({ extends: ['recommended'], rules: { 'operation-4xx-response': 'off' } });
  const problems = await lintFromString({ source: await readFile(committed, 'utf8'), config });
  assert.deepEqual(
    problems.map(({ message, location }) => `${message} at ${location[0]?.pointer}`),
    [],
  );
});

test('the contract is served as JSON and as YAML', async () => {
  const json = await fetch(`${broker.issuer}/openapi.json`);
  assert.equal((await json.json()).openapi, '3.1.0');
  const yaml = await fetch(`${broker.issuer}/openapi.yaml`);
  assert.match(await yaml.text(), /^openapi: 3\.1\.0/);
});
