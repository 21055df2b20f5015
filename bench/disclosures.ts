// The entry that is written most: one read of a month of days, with its three commitments.
import { randomBytes } from 'node:crypto';
import type { AppendRequest } from '../src/ledger/ledger.ts';
import { type HouseholdId, newId, newRequestId } from '../src/lib/ids.ts';

const digest = 'cNyFKy6KJ9i7x96nx1+w959jRCDbS0zMDByLbopDK6o=';
const readings = Array.from({ length: 31 }, (_, day) => 9000 + day * 37);
const terms = {
  third_party: newId('client'),
  consent_ref: newId('consent'),
  version: 1,
  meter_ref: newId('mp'),
};

/** A proof as third parties send it: of random bytes, because what is sealed is never smaller. */
const proofOf = (n: number): string => `${n}.${proofText}`;
const proofText = randomBytes(430).toString('base64url');

/** A request for each call, household after household; `evidence` keeps the proof, as the door does. */
export function disclosures(
  households: readonly HouseholdId[],
  { evidence }: { readonly evidence: boolean } = { evidence: true },
): () => AppendRequest {
  let next = 0;
  return () => {
    next += 1;
    return {
      req: newRequestId(),
      householdId: households[next % households.length] as HouseholdId,
      body: {
        kind: 'disclosure',
        actor: 'third-party',
        basis: 'consent',
        ...terms,
        purpose: 'energy-advice',
        resolution: 'P1D',
        register: 'import',
        window: { from: '2026-01-01', to: '2026-02-01' },
        count: readings.length,
        decision: 'allowed',
        reasons: [],
        policy: digest,
        jkt: 'J'.repeat(43),
        store_read: `1700000000000/${next}`,
      },
      personal: { readings, proof: proofOf(next), meter_point: '1012345678901' },
      ...(evidence ? { evidence: ['proof'] } : {}),
    };
  };
}
