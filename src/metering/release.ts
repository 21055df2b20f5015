// The one door: readings leave through `releaseReadings` and nowhere else. The policy decides, the readings are cut
// down to what was agreed, the access is in the ledger, and only then do they leave. On any error nothing does.
import { type AppendRequest, GuardRefused, type Ledger, type Receipt } from '../ledger/ledger.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { Clock } from '../lib/clock.ts';
import type { ErrorCode } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Policy } from '../policy/engine.ts';
import { factsAsJson } from '../policy/facts.ts';
import type { PoliciesInForce } from '../policy/policies-in-force.ts';
import type { CedarRequest } from '../policy/request.ts';
import { minimise } from './minimise.ts';
import { type BasisParts, basisOf, type ReadBasis } from './read-basis.ts';
import type { ReadRequest } from './read-request.ts';
import type { AnsweredResolution, Reading } from './reading.ts';
import { isClosed } from './reading-window.ts';
import { refused } from './refused.ts';
import { decide } from './release-decision.ts';
import { disclosureOf, guardsOf, guardsOfStoreRead, refusalOf, voidOf } from './release-entries.ts';
import type { ReadingSource, SourceMeterPoint } from './source.ts';

export interface ReleaseParts extends BasisParts {
  readonly ledger: Ledger;
  readonly policies: PoliciesInForce;
  readonly source: ReadingSource;
  readonly clock: Clock;
}

export interface Release {
  /** By what right. */
  readonly by: ReadBasis;
  readonly resolution: AnsweredResolution;
  readonly meterPoint: SourceMeterPoint;
  readonly source: string;
  readonly readings: readonly Reading[];
  readonly receipt: Receipt;
  /** Of performance.now(): what has not left by then must not (P2). The entry stands, because a part may have left. */
  readonly leavesByMs: number;
}

/** A receipt older than this lets nothing out: a stop that came after it may have been answered (P2). */
const staleAfterMs = 2000;

/** Errors: the code of the reason, with `Ledger-Entry` where the refusal is an entry; 503 where it could not be one. */
export async function releaseReadings(parts: ReleaseParts, request: ReadRequest): Promise<Release> {
  const by = await basisOf(parts, request);

  const policy = parts.policies.now();
  const decision = decide(policy, by, request, parts.clock.nowMs());
  const { question } = decision;
  const judged = { policy, question };
  if (!decision.allowed) throw await recordRefusal(parts, by, request, decision.reasons, null, judged);
  const { mpan } = decision;

  const answer = await parts.source.read({ mpan, register: request.register, window: request.window });
  const { meterPoint, storeRead, days } = answer;
  if (meterPoint === null)
    throw await recordRefusal(parts, by, request, ['meter_point_unknown'], storeRead, judged);
  if (!isClosed(request.window, request.resolution, meterPoint.zone, parts.clock.nowMs()))
    throw await recordRefusal(parts, by, request, ['period_not_closed'], storeRead, judged);

  const { readings, resolution } = minimise(days, request.window, request.resolution, meterPoint.zone);

  const receipt = await append(parts, {
    req: newRequestId(),
    householdId: by.facts.householdId,
    body: disclosureOf(by, request, {
      resolution,
      count: readings.length,
      policy: policy.digest,
      storeRead,
    }),
    personal: {
      readings: readings as unknown as JsonValue,
      proof: request.caller.proof,
      meter_point: mpan,
      ...factsOf(question),
    },
    guards: [...guardsOfStoreRead(storeRead), ...guardsOf(by, request, policy.digest)],
    refusal: (reason) =>
      unrecorded.has(reason)
        ? null
        : refusalOf(by, request, { reasons: [reason], policy: policy.digest, storeRead }),
    refusalPersonal: ['proof', 'facts'],
    evidence: ['proof', 'facts'],
    whenLate: ({ index }) => voidEntry(by, index),
  });
  if (receipt.reason === 'policy_changed') await parts.policies.refresh();
  if (receipt.outcome === 'refused')
    throw refused(receipt.reason as string, receipt, parts.clock.nowMs(), by, request);
  const leavesByMs = receipt.sealedAt + staleAfterMs;
  if (performance.now() > leavesByMs) throw await dropRelease(parts, by, receipt);
  return { by, resolution, meterPoint, source: parts.source.kind, readings, receipt, leavesByMs };
}

/** What the policy was asked, committed to and kept as evidence, so that the decision can be made again. */
const factsOf = (question: CedarRequest | null): { facts?: JsonValue } =>
  question === null ? {} : { facts: factsAsJson(question) };

/** Guards' reasons for calls that leave no entry, or copies of one call could flood the log; and what the caller gets. */
const unrecorded: ReadonlyMap<string, ErrorCode> = new Map([
  ['invalid_dpop_proof', 'invalid_dpop_proof'],
  ['no_room_for_proofs', 'too_many_proofs'],
  // Given up by whoever accounts for reads that came to nothing: this one came too late.
  ['store_read_taken', 'meter_store_unavailable'],
]);

async function append(parts: ReleaseParts, request: AppendRequest): Promise<Receipt> {
  try {
    return await parts.ledger.append(request);
  } catch (error) {
    if (!(error instanceof GuardRefused)) throw error;
    throw new StabledoorError(unrecorded.get(error.reason) ?? 'invalid_token');
  }
}

/** Writes the refusal down, then returns the error to throw. */
async function recordRefusal(
  parts: ReleaseParts,
  by: ReadBasis,
  request: ReadRequest,
  reasons: readonly string[],
  storeRead: string | null,
  { policy, question }: { readonly policy: Policy; readonly question: CedarRequest | null },
): Promise<StabledoorError> {
  const receipt = await append(parts, {
    req: newRequestId(),
    householdId: by.facts.householdId,
    body: refusalOf(by, request, { reasons, policy: policy.digest, storeRead }),
    personal: { proof: request.caller.proof, ...factsOf(question) },
    evidence: question === null ? ['proof'] : ['proof', 'facts'],
    guards: [...guardsOfStoreRead(storeRead), ...guardsOf(by, request, policy.digest).slice(0, 1)],
  });
  return refused(reasons[0] as string, receipt, parts.clock.nowMs(), by, request);
}

const voidEntry = ({ facts }: ReadBasis, disclosure: number): AppendRequest => ({
  req: newRequestId(),
  householdId: facts.householdId,
  body: voidOf(disclosure),
});

/** The entry is there and the readings are not going: says so, and answers that nothing was released. */
async function dropRelease(parts: ReleaseParts, by: ReadBasis, receipt: Receipt): Promise<StabledoorError> {
  await parts.ledger.append(voidEntry(by, receipt.index));
  return new StabledoorError('ledger_unavailable', 'The release took too long, so nothing was released.');
}
