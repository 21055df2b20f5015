// The SQL of consents by the home that they are about, whoever in it gave them.
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ConsentId, HouseholdId, MeterPointId } from '../lib/ids.ts';
import { type Consent, consentOf, selectConsents } from './consent-store.ts';

/** Consents in force that have the meter point, of anybody. Ids alone: whose they are is not for whoever asks. */
export async function listGivenAt(store: Store, meterPointId: MeterPointId): Promise<ConsentId[]> {
  const rows = await store
    .selectFrom('consent.consent as c')
    .innerJoin('consent.meter_ref as r', (on) =>
      on.onRef('r.consent_id', '=', 'c.consent_id').onRef('r.log_id', '=', 'c.log_id'),
    )
    .select('c.consent_id')
    .where('r.meter_point_id', '=', meterPointId)
    .where('r.until_version', 'is', null)
    .where('c.state', '=', 'given')
    .orderBy('c.consent_id')
    .execute();
  return rows.map((row) => row.consent_id as ConsentId);
}

/** Those of these households, held until the transaction ends. Run with the households held. */
export async function holdGivenAt(
  tx: BrokerTransaction,
  meterPointId: MeterPointId,
  householdIds: readonly HouseholdId[],
): Promise<Consent[]> {
  const ids = await listGivenAt(tx, meterPointId);
  if (ids.length === 0 || householdIds.length === 0) return [];
  const held = await tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('consent_id', 'in', ids)
    .where('household_id', 'in', [...householdIds])
    .where('state', '=', 'given')
    .orderBy('consent_id')
    .forUpdate()
    .execute();
  if (held.length === 0) return [];
  const rows = await selectConsents(tx)
    .where(
      'c.consent_id',
      'in',
      held.map((row) => row.consent_id),
    )
    .where('c.state', '=', 'given')
    .orderBy('c.consent_id')
    .execute();
  return rows.map(consentOf);
}
