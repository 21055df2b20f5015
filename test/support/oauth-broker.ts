// The OAuth endpoints on a real express app, database and ledger, for tests of this room.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type Express } from 'express';
import { type DatabaseClock, openClock } from '../../src/db/clock.ts';
import { rateLimiter } from '../../src/http/rate-limit.ts';
import { type RatePolicies, standardRatePolicies } from '../../src/http/rate-policies.ts';
import { giveRequestId } from '../../src/http/request-id.ts';
import { openLookups } from '../../src/oauth/lookups.ts';
import { type OauthRouteParts, oauthRoutes } from '../../src/oauth/routes.ts';
import { openSigningKeys } from '../../src/oauth/signing-keys.ts';
import { clientKeys } from '../../src/registry/client-keys.ts';
import { registerThirdParty } from '../../src/registry/registry.ts';
import type { Registration } from '../../src/registry/third-party.ts';
import { thirdPartyCaller } from '../../src/registry/third-party-call.ts';
import { type TestDatabases, testDatabases } from './database.ts';
import { quietLogger, type TestLedger, testLedger } from './ledger.ts';
import {
  type RelyingParty,
  relyingParty,
  testKey,
  testRedirectUri,
  testRegistration,
} from './third-party.ts';

export const testIssuer = 'https://broker.example';

export interface OauthBroker {
  readonly databases: TestDatabases;
  readonly ledger: TestLedger;
  readonly clock: DatabaseClock;
  readonly parts: OauthRouteParts;
  readonly app: Express;
  thirdParty(changes?: Partial<Registration>): Promise<RelyingParty>;
  close(): Promise<void>;
}

export async function oauthBroker(
  limits: Partial<RatePolicies> = {},
  issuer = testIssuer,
): Promise<OauthBroker> {
  const databases = await testDatabases();
  const ledger = await testLedger(databases);
  const clock = await openClock(databases.app as never, null);
  const keyFolder = await mkdtemp(join(tmpdir(), 'stabledoor-keys-'));
  const base = { db: databases.app, ledger, clock, logger: quietLogger };
  const signingKeys = await openSigningKeys(base, keyFolder, { makeMissing: true });
  const limiter = rateLimiter(base, { ...standardRatePolicies, ...limits });
  const call = thirdPartyCaller({ allowLoopback: true });
  const keys = clientKeys({ ...base, call });
  const parts = {
    ...base,
    limiter,
    clientKeys: keys,
    registration: { production: false, issuers: [], call },
    issuer,
    signingKeys,
    dpopNonces: null,
    lookups: openLookups(databases.app),
  };
  const app = express();
  app.use(giveRequestId);
  app.use(oauthRoutes(parts));
  return {
    databases,
    ledger,
    clock,
    parts,
    app,
    async thirdParty(changes = {}) {
      const { registration, signingKey } = await testRegistration(changes);
      const { clientId } = await registerThirdParty(
        { db: databases.app, ledger, production: false, fetching: { call, clock } },
        registration,
      );
      const dpopKey = await testKey();
      return relyingParty({
        issuer,
        clock,
        thirdParty: { clientId, signingKey, dpopKey, redirectUri: testRedirectUri },
      });
    },
    async close() {
      await signingKeys.close();
      await clock.close();
      await ledger.close();
      await databases.close();
      await rm(keyFolder, { recursive: true });
    },
  };
}

const day = 86_400_000;
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** A request that the test third party may make today. */
export const testDetail = (clock: DatabaseClock, changes: object = {}): Record<string, unknown> => ({
  type: 'meter_readings',
  purpose: 'energy-advice',
  fuels: ['electricity'],
  resolution: 'P1D',
  from: dateOf(clock.nowMs() - 300 * day),
  until: dateOf(clock.nowMs() + 60 * day),
  note: 'advice-1',
  ...changes,
});
