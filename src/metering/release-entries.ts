// What a read leaves in the ledger, allowed or refused, and the guards that check it once more under the head lock.
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Guard } from '../ledger/ledger.ts';
import type { ReadRequest } from './read-request.ts';
import type { AnsweredResolution } from './reading.ts';
import type { ReleaseFacts } from './release-store.ts';

const common = (facts: ReleaseFacts, request: ReadRequest) => ({
  actor: 'third-party' as const,
  basis: 'consent' as const,
  third_party: facts.clientId,
  consent_ref: request.caller.consentId,
  version: facts.version,
  purpose: facts.purpose,
  register: request.register,
  window: { from: request.window.from, to: request.window.to },
  jkt: request.caller.jkt,
});

export interface Disclosed {
  readonly resolution: AnsweredResolution;
  readonly count: number;
  readonly policy: string;
  readonly storeRead: string | null;
}

export function disclosureOf(facts: ReleaseFacts, request: ReadRequest, disclosed: Disclosed): EntryDraft {
  const { resolution, count, policy, storeRead } = disclosed;
  return {
    kind: 'disclosure',
    ...common(facts, request),
    meter_ref: request.meterRef,
    resolution,
    count,
    decision: 'allowed',
    reasons: [],
    policy,
    ...(storeRead === null ? {} : { store_read: storeRead }),
  };
}

export interface Refused {
  readonly reasons: readonly string[];
  readonly policy: string;
  readonly storeRead: string | null;
}

export function refusalOf(
  facts: ReleaseFacts,
  request: ReadRequest,
  { reasons, policy, storeRead }: Refused,
): EntryDraft {
  return {
    kind: 'refusal',
    ...common(facts, request),
    // A name that the consent does not have is somebody else's, or made up: it stays out of this entry.
    ...(facts.meterPoint === null ? {} : { meter_ref: request.meterRef }),
    resolution: request.resolution,
    decision: 'refused',
    reasons: [...reasons],
    policy,
    ...(storeRead === null ? {} : { store_read: storeRead }),
  };
}

export const voidOf = (disclosure: number): EntryDraft => ({
  kind: 'disclosure.void',
  actor: 'broker',
  disclosure,
  reason: 'late',
});

/** Before all others: a number that has an entry already must not get a second one, whatever it would say. */
export const guardsOfStoreRead = (storeRead: string | null): Guard[] =>
  storeRead === null
    ? []
    : [
        {
          name: 'store-read-open',
          args: { number: Number(storeRead.slice(storeRead.lastIndexOf('/') + 1)) },
        },
      ];

/** In order of importance; the first, the proof's single use, holds for refusals too. */
export function guardsOf(facts: ReleaseFacts, { caller, meterRef }: ReadRequest, policy: string): Guard[] {
  return [
    {
      name: 'read-proof-unused',
      args: { jkt: caller.jkt, jti_hash: caller.proofJtiHash, expires_s: caller.proofExpiresS },
    },
    { name: 'token-not-revoked', args: { grant_id: caller.grantId, jti: caller.jti } },
    { name: 'third-party-active', args: { client_id: facts.clientId } },
    {
      name: 'consent-in-force',
      args: {
        consent_id: caller.consentId,
        version: facts.version,
        meter_ref: meterRef,
        third_party: facts.clientId,
      },
    },
    { name: 'policy-current', args: { digest: policy } },
  ];
}
