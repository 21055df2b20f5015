// What a read leaves in the ledger, allowed or refused, and the guards that check it once more under the head lock.
import type { EntryDraft } from '../ledger/entry-body.ts';
import type { Guard } from '../ledger/ledger.ts';
import type { ReadBasis } from './read-basis.ts';
import type { ConsentCaller, ReadRequest } from './read-request.ts';
import type { AnsweredResolution } from './reading.ts';

const common = (by: ReadBasis, request: ReadRequest) => ({
  actor: 'third-party' as const,
  ...named(by, request),
  third_party: by.facts.clientId,
  purpose: by.purpose,
  register: request.register,
  window: { from: request.window.from, to: request.window.to },
  jkt: request.caller.jkt,
});

/** What verification looks the right up by. */
function named(by: ReadBasis, { caller }: ReadRequest) {
  if (by.basis === 'consent')
    return {
      basis: 'consent' as const,
      consent_ref: (caller as ConsentCaller).consentId,
      version: by.facts.version,
    };
  const { right } = by.facts;
  return right.basis === 'licence'
    ? { basis: 'licence' as const, supply_ref: right.id }
    : { basis: 'order' as const, order_ref: right.id };
}

export interface Disclosed {
  readonly resolution: AnsweredResolution;
  readonly count: number;
  readonly policy: string;
  readonly storeRead: string | null;
}

export function disclosureOf(by: ReadBasis, request: ReadRequest, disclosed: Disclosed): EntryDraft {
  const { resolution, count, policy, storeRead } = disclosed;
  return {
    kind: 'disclosure',
    ...common(by, request),
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
  by: ReadBasis,
  request: ReadRequest,
  { reasons, policy, storeRead }: Refused,
): EntryDraft {
  return {
    kind: 'refusal',
    ...common(by, request),
    // A name that the consent does not have is somebody else's, or made up: it stays out of this entry.
    ...(by.facts.meterPoint === null ? {} : { meter_ref: request.meterRef }),
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
export function guardsOf(by: ReadBasis, request: ReadRequest, policy: string): Guard[] {
  const { caller } = request;
  return [
    {
      name: 'read-proof-unused',
      args: { jkt: caller.jkt, jti_hash: caller.proofJtiHash, expires_s: caller.proofExpiresS },
    },
    caller.kind === 'consent'
      ? { name: 'token-not-revoked', args: { grant_id: caller.grantId, jti: caller.jti, kid: caller.kid } }
      : { name: 'own-token-not-revoked', args: { jti: caller.jti, kid: caller.kid } },
    { name: 'third-party-active', args: { client_id: by.facts.clientId } },
    rightInForce(by, request),
    { name: 'policy-current', args: { digest: policy } },
  ];
}

function rightInForce(by: ReadBasis, { caller, meterRef }: ReadRequest): Guard {
  const third_party = by.facts.clientId;
  if (by.basis === 'consent') {
    const consent_id = (caller as ConsentCaller).consentId;
    return {
      name: 'consent-in-force',
      args: { consent_id, version: by.facts.version, meter_ref: meterRef, third_party },
    };
  }
  const { right, optedOut } = by.facts;
  if (right.basis === 'order')
    return { name: 'order-in-force', args: { order_id: right.id, meter_ref: meterRef, third_party } };
  return {
    name: 'supply-in-force',
    args: {
      supply_id: right.id,
      meter_ref: meterRef,
      third_party,
      purpose: by.purpose,
      opted_out: optedOut.join(' '),
    },
  };
}
