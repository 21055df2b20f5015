// Stops all sharing of a meter point, by any one person of the home, who is not shown whose it was. Each consent is stopped
// as its giver would stop it, so none of it is ever refused (P2).

import { isLinked } from '../household/link-store.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { HouseholdId, MeterPointId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import type { ConsentParts } from './consent-step.ts';
import { listGivenAt } from './home-store.ts';
import { stopConsent } from './stop-consent.ts';

/**
 * Errors: `meter_point_unknown` where the household is not linked there; `not_stopped_yet` where any of them is not, and
 * then the others are stopped all the same.
 */
export async function stopHome(
  parts: ConsentParts & { readonly logger?: Logger },
  { householdId, meterPointId }: { readonly householdId: HouseholdId; readonly meterPointId: MeterPointId },
): Promise<void> {
  const { db } = parts;
  const shared = await isLinked(db, householdId, meterPointId)
    .then((linked) => (linked ? listGivenAt(db, meterPointId) : null))
    .catch((error: unknown) => {
      throw new StabledoorError('not_stopped_yet', undefined, {}, {}, error);
    });
  if (shared === null) throw new StabledoorError('meter_point_unknown');
  const stops = await Promise.allSettled(
    shared.map((consentId) => stopConsent(parts, { consentId, through: 'home' })),
  );
  const failed = stops.find((stop) => stop.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
