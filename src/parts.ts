// Wires the house: opens every part in order from left to right, and closes them the other way round. This file alone
// knows every part; each part knows only what stands to its left.
import type { Kysely } from 'kysely';
import type { Config } from './config.ts';
import { type DatabaseClock, machineTimes, openClock } from './db/clock.ts';
import type { Database } from './db/database.ts';
import { pendingMigrations } from './db/migrate.ts';
import { openStores, type Stores } from './db/stores.ts';
import type { MeterStoreTables } from './db/tables/meter-store.ts';
import { type RateLimiter, rateLimiter } from './http/rate-limit.ts';
import { headGuardFileOf, openHeadGuard, removeHeadGuard } from './ledger/head-guard.ts';
import { holdLedger } from './ledger/held-ledger.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import { type LedgerKeys, openLedgerKeys } from './ledger/ledger-keys.ts';
import { findLogInForce, type LogInForce } from './ledger/log-in-force.ts';
import { proveConsistency } from './ledger/proofs.ts';
import { openSubjects, type Subjects } from './ledger/subjects.ts';
import { readWitnessPolicy } from './ledger/witness-policy-file.ts';
import { openWitnessing, type Witnessing } from './ledger/witnessing.ts';
import { openWriteGate, type WriteGate } from './ledger/write-gate.ts';
import { openWriteWatch, type WriteWatch } from './ledger/write-watch.ts';
import type { Clock } from './lib/clock.ts';
import { watchDroppedReads } from './metering/drop-reads.ts';
import { type FindReleaseFacts, releaseFacts } from './metering/release-store.ts';
import { type FindRightFacts, rightFacts } from './metering/right-store.ts';
import type { ReadingSource } from './metering/source.ts';
import { embeddedSource, readsNumbered } from './metering/sources/embedded-source.ts';
import { assertReadOnly } from './metering/sources/read-only.ts';
import { type Mailer, outboxMailer, smtpMailer } from './notify/mail.ts';
import { type DpopNonces, dpopNonces } from './oauth/dpop-nonce.ts';
import { type Lookups, openLookups } from './oauth/lookups.ts';
import { openNonceSecret } from './oauth/nonce-secret.ts';
import type { RegistrationOffer } from './oauth/register.ts';
import { openSigningKeys, type SigningKeys } from './oauth/signing-keys.ts';
import { readStatementIssuers } from './oauth/software-statement.ts';
import { accessVerifier, type VerifyAccess } from './oauth/verify-access.ts';
import type { Logger } from './observe/logger.ts';
import { type Metrics, openMetrics } from './observe/metrics.ts';
import { passkeyChecker } from './operator/passkey-proof.ts';
import type { ProposalParts } from './operator/proposals.ts';
import { actsOf } from './parts-acts.ts';
import { startBackground } from './parts-background.ts';
import { openHandles } from './parts-databases.ts';
import { openPolicy } from './policy/engine.ts';
import { openPoliciesInForce, type PoliciesInForce } from './policy/policies-in-force.ts';
import { publishFirst } from './policy/publication.ts';
import { type ClientKeys, clientKeys } from './registry/client-keys.ts';
import { type CallThirdParty, thirdPartyCaller } from './registry/third-party-call.ts';

/** For the doctor: nobody but this file opens a source, or looks at one. */
export { assertReadOnly };

export interface Parts {
  readonly config: Config;
  readonly issuer: string;
  readonly production: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stores: Stores;
  readonly db: Database;
  /** The same database, for the householder's pages alone. */
  readonly pagesDb: Database;
  readonly meterStore: Kysely<MeterStoreTables>;
  readonly clock: DatabaseClock;
  readonly ledger: Ledger;
  /** The log that is written to, and those before it. */
  readonly log: LogInForce;
  /** The households' keys of this log: for whoever opens what an entry commits to. */
  readonly subjects: Subjects;
  readonly ledgerKeys: LedgerKeys;
  /** Whether this process may write entries. */
  readonly gate: WriteGate;
  /** What keeps asking whether it may. */
  readonly watch: WriteWatch;
  /** Null where no witness policy is set. */
  readonly witnessing: Witnessing | null;
  readonly policies: PoliciesInForce;
  readonly facts: FindReleaseFacts;
  readonly rights: FindRightFacts;
  readonly lookups: Lookups;
  readonly source: ReadingSource;
  readonly signingKeys: SigningKeys;
  readonly dpopNonces: DpopNonces | null;
  readonly mailer: Mailer;
  readonly limiter: RateLimiter;
  readonly clientKeys: ClientKeys;
  readonly registration: RegistrationOffer | null;
  readonly callThirdParty: CallThirdParty;
  readonly verifyAccess: VerifyAccess;
  /** What two operators decide. */
  readonly operators: ProposalParts;
  close(): Promise<void>;
}

export interface PartsOptions {
  /** Makes this mode's embedded databases anew. */
  readonly fresh?: boolean;
  /** Runs between the databases and the log: the demo sets its clock here, before the log opens. */
  readonly beforeLog?: (stores: Stores) => Promise<void>;
}

/** Errors: one line for each thing that is not as it must be; what was opened is closed again. */
export async function openParts(config: Config, logger: Logger, options: PartsOptions = {}): Promise<Parts> {
  const production = config.mode === 'production';
  const metrics = openMetrics();
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const stores = await openStores(config, { fresh: options.fresh ?? false });
    closing.push(() => stores.close());
    stores.embedded?.keepRunning(logger);
    const { addresses } = stores;
    const handles = openHandles(addresses);
    closing.push(() => handles.close());
    const { db, pagesDb, ledgerDb, subjectKeys, meterStore } = handles;
    await refusePendingMigrations(db);
    await assertReadOnly(meterStore);
    await options.beforeLog?.(stores);
    const clock = await openClock(db as never, production ? null : addresses.app);
    closing.push(() => clock.close());
    const firstPolicy = await openPolicy(config.policyDir);
    const gate = openWriteGate();
    const { keyDir } = config;
    const mayMake = !production;
    const log = await findLogInForce(db, config.logOrigin);
    const { logId, origin } = log;
    const ledgerKeys = await openLedgerKeys({ db, logId, origin, keyDir, mayMake, gate });
    closing.push(() => ledgerKeys.close());
    if (options.fresh) await removeHeadGuard(config.headGuardFile);
    const watch = await openWatch({ config, logger, db, log, ledgerKeys, gate });
    closing.push(() => watch.close());
    const witnessing = await openWitnesses({ config, logger, metrics, db, log, clock, ledgerKeys, gate });
    closing.push(async () => witnessing?.close());
    const subjects = openSubjects(subjectKeys, origin, { isSuccessor: log.formers.length > 0 });
    const opened = await openLedger({
      db: ledgerDb,
      logId,
      origin,
      mode: config.mode,
      signer: ledgerKeys,
      gate,
      watch,
      subjects,
      logger,
      metrics,
    });
    closing.push(() => opened.close());
    const keyParts = { db, ledger: opened, clock, logger };
    const policies = await openPoliciesInForce({ db, logId, clock, logger, first: firstPolicy });
    closing.push(() => policies.close());
    const makeMissing = !production;
    const signingKeys = await openSigningKeys(keyParts, config.keyDir, { makeMissing, publishes: false });
    closing.push(() => signingKeys.close());
    const nonces = await openNonces(config, clock);
    const held = holdLedger({
      ledger: opened,
      gate,
      logger,
      async first() {
        const formerLogId = log.formers.at(-1)?.logId ?? null;
        await publishFirst({ db, ledger: opened, clock, formerLogId }, firstPolicy);
        await policies.refresh();
        await signingKeys.publish();
      },
    });
    closing.push(() => held.close());
    await held.start();
    if (policies.now().digest !== firstPolicy.digest)
      logger.warn(
        { dir: config.policyDir },
        'the policies of the folder are not in force: `stabledoor policy check`',
      );
    const { ledger } = held;
    const mailer = openMailer(config, logger);
    closing.push(() => mailer.close());
    const { issuer, mapIntervalMs } = config;
    const callThirdParty = thirdPartyCaller({ allowLoopback: !production });
    const numbered = () => readsNumbered(meterStore);
    closing.push(await watchDroppedReads({ db, ledger, logger, numbered }));
    closing.push(
      startBackground({
        ...keyParts,
        ledger,
        issuer,
        mapIntervalMs,
        mailer,
        signingKeys,
        call: callThirdParty,
      }),
    );
    return {
      config,
      issuer: config.issuer,
      production,
      logger,
      metrics,
      stores,
      db,
      pagesDb,
      meterStore,
      clock,
      ledger,
      log,
      subjects,
      ledgerKeys,
      gate,
      watch,
      witnessing,
      policies,
      facts: releaseFacts(db, logId),
      rights: rightFacts(db, logId),
      lookups: openLookups(db),
      source: embeddedSource(meterStore),
      signingKeys,
      dpopNonces: nonces,
      mailer,
      clientKeys: clientKeys({ ...keyParts, call: callThirdParty }),
      callThirdParty,
      registration: await openRegistration(config, callThirdParty),
      operators: {
        ...{ db, ledger, clock, production },
        acts: actsOf({ db, ledger, ledgerKeys, keyDir, clock }),
        checkPasskey: passkeyChecker(db, issuer),
      },
      limiter: rateLimiter({ db, clock, logger }, config.rateLimits),
      verifyAccess: accessVerifier({ issuer: config.issuer, clock, signingKeys, dpopNonces: nonces }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type WatchParts = Pick<Parts, 'config' | 'logger' | 'db' | 'log' | 'gate' | 'ledgerKeys'>;

/** Before anything is written, and before the witnesses are asked: the head must be known first. */
function openWatch({ config, log, ledgerKeys, ...parts }: WatchParts): Promise<WriteWatch> {
  const { logId, origin } = log;
  const logKeys = () => ledgerKeys.all();
  const file = headGuardFileOf(config.headGuardFile, log);
  const guard = openHeadGuard(file, () => ({ origin, logKeys: logKeys() }));
  return openWriteWatch({
    ...parts,
    logId,
    origin,
    logKeys,
    guard,
    times: machineTimes,
  });
}

type WitnessParts = Pick<
  Parts,
  'config' | 'logger' | 'metrics' | 'db' | 'log' | 'clock' | 'gate' | 'ledgerKeys'
>;

/** Before the log is opened for writing: a witness may know it better than this database does. */
async function openWitnesses({
  config,
  ledgerKeys,
  db,
  log: { logId, origin },
  ...parts
}: WitnessParts): Promise<Witnessing | null> {
  if (config.witnesses === null) return null;
  return await openWitnessing({
    ...parts,
    db,
    logId,
    origin,
    logKeys: () => ledgerKeys.all(),
    policy: await readWitnessPolicy(config.witnesses.policyFile),
    mustNeedOutsider: config.mode === 'production',
    consistencyProof: async (from, to) => (await proveConsistency(db, logId, from, to)).hashes,
    limits: { stopAfterMs: config.witnesses.stopAfterMs },
  });
}

async function openNonces({ dpopNonce, keyDir, mode }: Config, clock: Clock): Promise<DpopNonces | null> {
  if (!dpopNonce) return null;
  return dpopNonces(await openNonceSecret(keyDir, { makeMissing: mode !== 'production' }), clock);
}

async function refusePendingMigrations(db: Database): Promise<void> {
  const pending = await pendingMigrations(db as unknown as Kysely<unknown>, 'broker');
  if (pending.length > 0)
    throw new Error(
      `the database lacks ${pending.length} migrations (${pending[0]} …): run \`stabledoor migrate\``,
    );
}

/** Outside production no mail leaves the machine: a page shows it. */
function openMailer({ mode, mailUrl, issuer }: Config, logger: Logger): Mailer {
  if (mode !== 'production') return outboxMailer();
  return smtpMailer({ url: mailUrl, from: `Stabledoor <no-reply@${new URL(issuer).hostname}>`, logger });
}

/** Open in a sandbox; in production where the operator has named who vouches for third parties, and only there. */
async function openRegistration(
  { mode, softwareStatementFile: file }: Config,
  call: CallThirdParty,
): Promise<RegistrationOffer | null> {
  const production = mode === 'production';
  if (production && file === null) return null;
  return { production, call, issuers: file === null ? [] : await readStatementIssuers(file) };
}
