// Publishes a policy set: text kept and digest in the ledger, both or neither. It binds 30 days later, but for the first set
// and one that only forbids more, which bind at once; a weakening is marked as one in the entry.
import type { BrokerTransaction, Database, Store } from '../db/database.ts';
import type { AppendRequest, Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newRequestId, type ProposalId } from '../lib/ids.ts';
import { openPolicyText, type Policy } from './engine.ts';
import { changeBetween, type PolicyChange } from './policy-change.ts';
import {
  inForceAt,
  insertPolicy,
  listSchedule,
  lockPublications,
  type ScheduledPolicy,
} from './policy-store.ts';
import { parsePolicyText } from './policy-text.ts';

export const noticeDays = 30;
const noticeMs = noticeDays * 86_400_000;

export interface Publication {
  readonly digest: string;
  /** The set it was compared with; null for the first. */
  readonly replaces: string | null;
  readonly change: PolicyChange | null;
  readonly weakens: boolean;
  /** Unix milliseconds, a whole second. */
  readonly effectiveAtMs: number;
}

interface PublishingParts {
  readonly ledger: Pick<Ledger, 'logId'>;
  readonly clock: Clock;
}

/** What publishing this set now would be, without doing it. Errors: `illegal_transition` where it is in force already. */
export async function planPublication(
  store: Store,
  parts: PublishingParts,
  policy: Policy,
): Promise<Publication> {
  return planFrom(await listSchedule(store, parts.ledger.logId), parts.clock.nowMs(), policy);
}

function planFrom(schedule: readonly ScheduledPolicy[], nowMs: number, policy: Policy): Publication {
  const { digest } = policy;
  const nowS = Math.floor(nowMs / 1000) * 1000;
  const current = inForceAt(schedule, nowMs);
  if (current === null) return { digest, replaces: null, change: null, weakens: false, effectiveAtMs: nowS };
  const last = schedule.at(-1);
  if (current.digest === digest && last === current)
    throw new StabledoorError('illegal_transition', 'This policy set is in force already.');
  if (last?.digest === digest)
    throw new StabledoorError(
      'illegal_transition',
      `This policy set is published already, and binds from ${last.effectiveAt.toISOString()}.`,
    );
  const change = changeBetween(openPolicyText(parsePolicyText(current.text), { remembered: 0 }), policy);
  const effectiveAtMs = change.weakens ? nowS + noticeMs + 1000 : nowS;
  return { digest, replaces: current.digest, change, weakens: change.weakens, effectiveAtMs };
}

/** In the caller's transaction: what it gives is to be appended last. In production the database asks for the proposal. Errors as those of `planPublication`. */
export async function publishWithin(
  tx: BrokerTransaction,
  parts: PublishingParts,
  policy: Policy,
  proposalId: ProposalId | null = null,
): Promise<Publication & { readonly entries: readonly AppendRequest[] }> {
  const { ledger, clock } = parts;
  await lockPublications(tx, ledger.logId);
  const schedule = await listSchedule(tx, ledger.logId);
  const nowMs = clock.nowMs();
  const plan = planFrom(schedule, nowMs, policy);
  const publishedAt = new Date(Math.floor(nowMs / 1000) * 1000);
  await insertPolicy(tx, {
    logId: ledger.logId,
    place: (schedule.at(-1)?.place ?? 0) + 1,
    digest: plan.digest,
    text: policy.text,
    publishedAt,
    effectiveAt: new Date(plan.effectiveAtMs),
    weakens: plan.weakens,
    proposalId,
  });
  const body = {
    kind: 'policy.published',
    actor: 'operator',
    policy: plan.digest,
    effective_s: plan.effectiveAtMs / 1000,
    ...(plan.replaces === null ? {} : { replaces: plan.replaces }),
    ...(plan.weakens ? { weakens: 1 as const } : {}),
    ...(proposalId === null ? {} : { proposal: proposalId }),
  } as const;
  return { ...plan, entries: [{ req: newRequestId(), householdId: null, body }] };
}

export async function publishPolicy(
  parts: PublishingParts & { readonly db: Database; readonly ledger: Ledger },
  policy: Policy,
): Promise<Publication> {
  return parts.db.transaction().execute(async (tx) => {
    const { entries, ...publication } = await publishWithin(tx, parts, policy);
    await parts.ledger.appendWithin(tx, entries);
    return publication;
  });
}

/**
 * The set that a log begins with: where it goes on for another, the one in force there, or succession would be a way round the
 * notice; else `policy`. Does nothing where one was published.
 */
export async function publishFirst(
  parts: PublishingParts & {
    readonly db: Database;
    readonly ledger: Ledger;
    readonly formerLogId: number | null;
  },
  policy: Policy,
): Promise<void> {
  await parts.db.transaction().execute(async (tx) => {
    await lockPublications(tx, parts.ledger.logId);
    if ((await listSchedule(tx, parts.ledger.logId)).length > 0) return;
    const { entries } = await publishWithin(tx, parts, (await handedOver(tx, parts)) ?? policy);
    await parts.ledger.appendWithin(tx, entries);
  });
}

async function handedOver(
  tx: BrokerTransaction,
  { formerLogId, clock }: { readonly formerLogId: number | null; readonly clock: Clock },
): Promise<Policy | null> {
  if (formerLogId === null) return null;
  const former = inForceAt(await listSchedule(tx, formerLogId), clock.nowMs());
  return former === null ? null : openPolicyText(parsePolicyText(former.text), { remembered: 0 });
}
