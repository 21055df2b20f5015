// The process that the reads are measured on: a whole broker, and beside it the floor, which is the same express, the
// same check of token and proof and the same SELECT, with no policy, no consent and no ledger. It says where they listen
// and, when asked, how much memory it has.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { accessOf, byConsent, requireAccess } from '../src/api/access.ts';
import { readingsQuery } from '../src/api/readings-contract.ts';
import { giveRequestId } from '../src/http/request-id.ts';
import { securityHeaders } from '../src/http/security-headers.ts';
import { validate } from '../src/http/validate.ts';
import { minimise } from '../src/metering/minimise.ts';
import { readingWindow } from '../src/metering/reading-window.ts';
import { bareParty, bareToken } from '../test/support/bare-access.ts';
import { type TestBroker, testBroker } from '../test/support/broker.ts';
import { closedDay, testHome, testZone } from '../test/support/journey.ts';

/** What the process that asks needs to know. */
export interface ReadsServer {
  readonly issuer: string;
  readonly floor: string;
  readonly path: string;
  readonly search: string;
  readonly token: string;
  /** PKCS #8 in base64, and the public half. */
  readonly proofKey: string;
  readonly proofJwk: Record<string, unknown>;
}

// Every read is counted as always, only to a limit that no machine reaches in the time.
const environment = { STABLEDOOR_RATE_LIMITS: 'reads=9000000/60' };
const broker = await testBroker({ databases: null, environment });
const home = await testHome(broker);
const party = await bareParty(broker);
const { token, meterRef } = await bareToken(broker, party, home);
const floor = await listen(broker, home.mpan);
const { dpopKey } = party.rp.thirdParty;
const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', dpopKey.privateKey)).toString('base64');
const server: ReadsServer = {
  issuer: broker.issuer,
  floor: `http://127.0.0.1:${(floor.address() as AddressInfo).port}`,
  path: `/v1/meter-points/${meterRef}/readings`,
  search: new URLSearchParams({ ...closedDay(broker), resolution: 'P1D' }).toString(),
  token,
  proofKey: key,
  proofJwk: dpopKey.publicJwk as Record<string, unknown>,
};
process.send?.(server);
process.on('message', async (message) => {
  if (message === 'memory') return void process.send?.(process.memoryUsage.rss());
  floor.closeAllConnections();
  floor.close();
  await broker.close();
  process.exit();
});

function listen({ parts }: TestBroker, mpan: string): Promise<Server> {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('query parser', 'simple');
  app.use(giveRequestId, securityHeaders({ https: false }));
  app.get('/v1/meter-points/:meter_point/readings', requireAccess(parts), async (req, res) => {
    const { consentId } = byConsent(accessOf(res));
    const { from, to, resolution, register } = validate(readingsQuery, req.query);
    const window = readingWindow(from, to, resolution);
    const { days } = await parts.source.read({ mpan, register, window });
    const { readings } = minimise(days, window, resolution, testZone);
    res.set('Cache-Control', 'no-store').json({ consent_id: consentId, resolution, from, to, readings });
  });
  return new Promise((done) => {
    const listening = app.listen(0, '127.0.0.1', () => done(listening));
  });
}
