// The entry that is written most: one read of a month of days, with its three commitments.
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

/** A request for each call, household after household. */
export function disclosures(households: readonly HouseholdId[]): () => AppendRequest {
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
      personal: { readings, proof: `proof ${next}`, meter_point: '1012345678901' },
    };
  };
}
