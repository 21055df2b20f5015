import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { serveMetrics } from '../../src/http/metrics-server.ts';
import { newRequestId } from '../../src/lib/ids.ts';
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

test('metrics stand on a port of their own and count calls by route, never by address', async () => {
  const server = await serveMetrics(broker.parts.metrics, 0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  const body = { kind: 'read.dropped', actor: 'broker', store_read: '1/1' } as const;
  await broker.parts.ledger.append({ req: newRequestId(), householdId: null, body });
  try {
    await fetch(`${broker.issuer}/v1/meter-points/mp_secretsecretsecretsecr/readings?from=2026-01-01`);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(
      text,
      /stabledoor_http_request_seconds_count\{route="\/v1\/meter-points\/:meter_point\/readings",status="4xx"\} 1/,
    );
    assert.match(text, /stabledoor_unverified_calls_total\{code="invalid_token"\} 1/);
    assert.match(text, /stabledoor_ledger_append_seconds_count [1-9]/);
    assert.doesNotMatch(text, /mp_secret/);
    assert.equal((await fetch(`${broker.issuer}/metrics`)).status, 404);
  } finally {
    server.close();
  }
});
