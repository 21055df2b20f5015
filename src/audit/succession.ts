// The way back after an honest restore: a log that knows that it was set back is closed, and another goes on for it.
// What could have been taken back in the part that is lost is taken back here: consents, third parties. Nothing that was
// stopped comes to life again, and nobody is believed to be still allowed.

import { endConsentsOfLog } from '../consent/consents.ts';
import { type BrokerTransaction, openDatabase } from '../db/database.ts';
import { closeRightsOfLog } from '../lawful/close-rights-store.ts';
import type { EntryDraft } from '../ledger/entry-body.ts';
import { headGuardFileOf, openHeadGuard } from '../ledger/head-guard.ts';
import { findKnownLog, type KnownLog } from '../ledger/known-checkpoints.ts';
import type { LogMode } from '../ledger/ledger.ts';
import type { LedgerKeys } from '../ledger/ledger-keys.ts';
import type { LogInForce } from '../ledger/log-in-force.ts';
import { readLedgerKeys } from '../ledger/signing-key.ts';
import { type Successor, succeedLog } from '../ledger/succeed.ts';
import type { ReachableWitness } from '../ledger/witness-client.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { ClientId, OperatorId } from '../lib/ids.ts';
import { listSigningKeys } from '../oauth/signing-key-store.ts';
import { operatorsCarriedOver } from '../operator/carry-over.ts';
import { holdOperators } from '../operator/operator-store.ts';
import { suspendAllThirdParties } from '../registry/suspend-all.ts';
import { successorOrigin } from './successor-origin.ts';

export interface SuccessionParts {
  /** The broker's database, as the application. */
  readonly databaseUrl: string;
  readonly log: LogInForce;
  readonly mode: LogMode;
  readonly ledgerKeys: Pick<LedgerKeys, 'all'>;
  readonly keyDir: string;
  readonly headGuardFile: string;
  readonly witnesses: readonly ReachableWitness[];
}

export interface SuccessionRequest {
  /** Signed checkpoints that somebody kept. */
  readonly given?: readonly { readonly note: string; readonly from: string }[];
  /** The operator says that a backup was restored, although nothing that is kept knows of a longer log. */
  readonly isRestored?: boolean;
  /** The name of the log that goes on; by default that of the first log and how many there have been. */
  readonly origin?: string;
  /** In production: what two operators agreed on. */
  readonly approval?: Approval;
}

/** What one operator proposed and another approved, whose signatures were seen to hold (succession-proposal.ts). */
export interface Approval {
  readonly proposal: string;
  /** What is left of the log that is closed: no more and nothing else than was approved. */
  readonly kept: { readonly size: number; readonly root: string };
  readonly knownSize: number;
  readonly operatorIds: readonly OperatorId[];
  /** `operator.proposed` and `operator.approved`. */
  readonly entries: readonly EntryDraft[];
}

export interface Succession {
  readonly former: LogInForce;
  readonly known: KnownLog;
  readonly successor: Successor;
  readonly endedConsents: number;
  /** Wait for an operator to restore them. */
  readonly suspended: readonly ClientId[];
}

/** Nothing says that the log was set back. */
export class NotSetBack extends Error {
  override readonly name = 'NotSetBack';
}

const reason =
  'The records were restored from a backup: each third party is looked at before it may ask again.';
/** Over every consent and household. */
const statementTimeoutMs = 3_600_000;

/**
 * One transaction; started again it either finds nothing done or all of it.
 * Errors: `second_operator_needed` in production without an approval; `proposal_changed` where the log is not the one that
 * was approved; `operator_unknown`; NotSetBack; the log that is there is not the beginning of the one that was known; its key is missing.
 */
export async function succeedAfterRestore(
  parts: SuccessionParts,
  request: SuccessionRequest = {},
): Promise<Succession> {
  const { databaseUrl, log, mode, keyDir } = parts;
  const { approval } = request;
  if (mode === 'production' && approval === undefined) throw new StabledoorError('second_operator_needed');
  const db = openDatabase({ url: databaseUrl, maxConnections: 1, statementTimeoutMs });
  try {
    const known = await whatIsKnown(parts, request);
    if (approval) requireApproved(approval, known);
    const origin = await successorOrigin(parts, request.origin);
    let endedConsents = 0;
    let suspended: readonly ClientId[] = [];
    const successor = await succeedLog({
      db,
      former: log,
      mode,
      known,
      origin,
      keyDir,
      proposal: approval?.proposal ?? null,
      async within(tx, nextId) {
        if (approval) await requireInOffice(tx, approval);
        const operators = await operatorsCarriedOver(tx);
        endedConsents = await endConsentsOfLog(tx, log.logId);
        await closeRightsOfLog(tx, log.logId, nextId);
        const all = await suspendAllThirdParties(tx, reason);
        suspended = all.clientIds;
        const keys = (await listSigningKeys(tx)).filter(({ retiredAt }) => retiredAt === null);
        return [
          ...operators,
          ...(approval?.entries ?? []),
          ...keys.map(
            ({ publicJwk }) =>
              ({ kind: 'key.published', actor: 'broker', use: 'tokens', key: publicJwk }) as const,
          ),
          ...all.entries,
        ];
      },
    });
    return { former: log, known, successor, endedConsents, suspended };
  } finally {
    await db.destroy();
  }
}

function requireApproved({ kept, knownSize }: Approval, known: KnownLog): void {
  if (known.kept.size !== kept.size || encodeBase64(known.kept.root) !== kept.root)
    throw new StabledoorError(
      'proposal_changed',
      `${kept.size} entries were approved to be kept, and others are there: propose it again.`,
    );
  if (known.longest.size < knownSize)
    throw new StabledoorError(
      'proposal_changed',
      `Whoever proposed it knew of ${knownSize} entries: give the same checkpoint with --checkpoint.`,
    );
}

/** Neither of the two is removed before it is done. */
async function requireInOffice(tx: BrokerTransaction, { operatorIds }: Approval): Promise<void> {
  const held = await holdOperators(tx, operatorIds);
  if (held.length !== operatorIds.length || held.some(({ removedAt }) => removedAt !== null))
    throw new StabledoorError('operator_unknown', 'Whoever proposed it, or you, is no operator any more.');
}

/** What the log in force is known to have had, and what is left. Changes nothing. Errors: as of succeedAfterRestore. */
export async function whatIsKnown(
  { databaseUrl, log, ledgerKeys, keyDir, headGuardFile, witnesses }: SuccessionParts,
  { given = [], isRestored = false }: SuccessionRequest,
): Promise<KnownLog> {
  // A key that was published in the part that is lost is in the folder alone.
  const inFolder = (await readLedgerKeys(keyDir)).map(({ signer }) => signer.key);
  const own = [...ledgerKeys.all(), ...inFolder.filter(({ name }) => name === log.origin)];
  const logKeys = [...new Map(own.map((key) => [key.text, key])).values()];
  const guard = openHeadGuard(headGuardFileOf(headGuardFile, log), () => ({
    origin: log.origin,
    logKeys,
  }));
  const db = openDatabase({ url: databaseUrl, maxConnections: 1 });
  try {
    const known = await findKnownLog({ db, log, logKeys, guard, witnesses, given });
    const isOld = isRestored || (await guard.restoredFrom()) !== null;
    if (known.longest.size <= known.kept.size && !isOld) throw new NotSetBack(soundLine(known));
    return known;
  } finally {
    await db.destroy();
  }
}

const soundLine = ({ kept }: KnownLog): string =>
  `nothing says that this log was set back: all that is kept knows of ${kept.size} entries at most, and they are there`;
