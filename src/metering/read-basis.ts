// By what right a read is asked for, and the facts that go with it: by a consent, by a licence or by a lawful order.
import { StabledoorError } from '../lib/errors.ts';
import type { Purpose } from '../policy/request.ts';
import type { ReadRequest } from './read-request.ts';
import type { FindReleaseFacts, ReleaseFacts } from './release-store.ts';
import type { FindRightFacts, RightFacts } from './right-store.ts';
import { factsWithin } from './token-limits.ts';

export type ReadBasis =
  | { readonly basis: 'consent'; readonly facts: ReleaseFacts; readonly purpose: Purpose }
  | { readonly basis: 'licence' | 'order'; readonly facts: RightFacts; readonly purpose: Purpose };

export interface BasisParts {
  readonly facts: FindReleaseFacts;
  readonly rights: FindRightFacts;
}

/**
 * Errors: `invalid_token` where the consent is not the caller's; without a consent `meter_point_unknown` where the caller has
 * no right to it, and `invalid_request` where a supplier does not say what for. None of them leaves an entry.
 */
export async function basisOf(parts: BasisParts, { caller, meterRef }: ReadRequest): Promise<ReadBasis> {
  if (caller.kind === 'consent') {
    const found = await parts.facts({ consentId: caller.consentId, meterRef });
    if (found === null || found.clientId !== caller.clientId) throw new StabledoorError('invalid_token');
    const facts = factsWithin(found, caller.limits, meterRef);
    return { basis: 'consent', facts, purpose: facts.purpose };
  }
  const facts = await parts.rights({ clientId: caller.clientId, meterRef });
  if (facts === null) throw new StabledoorError('meter_point_unknown');
  const { basis } = facts.right;
  if (basis === 'order') return { basis, facts, purpose: 'lawful-order' };
  if (caller.purpose === null)
    throw new StabledoorError(
      'invalid_request',
      'Say what for: `purpose` is billing, service, settlement or forecasting.',
    );
  return { basis, facts, purpose: caller.purpose };
}
