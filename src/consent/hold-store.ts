// The SQL that holds consents and their household while they change: whoever changes a consent holds its row, and
// whoever gives or requests one holds its household first.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ClientId, ConsentId, HouseholdId, OccupierId } from '../lib/ids.ts';
import type { Purpose } from '../policy/request.ts';
import type { ConsentState } from './consent.ts';
import { type Consent, consentOf, findConsent, selectConsents } from './consent-store.ts';

/** One household's consents change one after another; gives the time of the database. */
export async function lockHousehold(tx: BrokerTransaction, householdId: HouseholdId): Promise<number> {
  const { rows } = await sql<{ now: number }>`
    with held as materialized (select pg_advisory_xact_lock(hashtextextended(${`consent ${householdId}`}, 0)))
    select ledger.now_ms() as now from held`.execute(tx);
  return nowOf(rows);
}

/** The same of the household of a consent; null where it is not this occupier's. */
export async function lockHouseholdOf(
  tx: BrokerTransaction,
  { consentId, occupierId }: { readonly consentId: ConsentId; readonly occupierId: OccupierId },
): Promise<number | null> {
  const { rows } = await sql<{ now: number }>`
    with theirs as materialized (
      select c.household_id from consent.consent c where c.consent_id = ${consentId} and c.occupier_id = ${occupierId}
    ), held as materialized (
      select pg_advisory_xact_lock(hashtextextended('consent ' || t.household_id, 0)) from theirs t
    )
    select ledger.now_ms() as now from held`.execute(tx);
  return rows.length === 0 ? null : nowOf(rows);
}

function nowOf([row]: readonly { readonly now: number }[]): number {
  if (row === undefined) throw new Error('the database has no time');
  return row.now;
}

export async function readNowMs(store: Store): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ledger.now_ms() as now`.execute(store);
  return nowOf(rows);
}

/** Waits in this transaction are cut short: a stop must not hang behind a ledger that does. */
export async function waitBriefly(tx: BrokerTransaction, milliseconds: number): Promise<void> {
  await sql`select set_config('lock_timeout', ${String(milliseconds)}, true),
    set_config('statement_timeout', ${String(milliseconds * 2)}, true)`.execute(tx);
}

/** Holds its row until the transaction ends. */
export async function findConsentForUpdate(
  tx: BrokerTransaction,
  consentId: ConsentId,
): Promise<Consent | null> {
  await tx
    .selectFrom('consent.consent')
    .select('state')
    .where('consent_id', '=', consentId)
    .forUpdate()
    .execute();
  // A second statement: only it sees what the holder of the row before us committed.
  return findConsent(tx, consentId);
}

/** All of a household's consents in one state, held until the transaction ends. */
export async function findHouseholdConsents(
  tx: BrokerTransaction,
  householdId: HouseholdId,
  state: ConsentState,
): Promise<Consent[]> {
  const held = await tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('household_id', '=', householdId)
    .where('state', '=', state)
    .orderBy('consent_id')
    .forUpdate()
    .execute();
  if (held.length === 0) return [];
  const ids = held.map((row) => row.consent_id);
  const rows = await selectConsents(tx).where('c.consent_id', 'in', ids).orderBy('c.consent_id').execute();
  return rows.map(consentOf).filter((consent) => consent.state === state);
}

/** The household's consents in one state with one third party, held until the transaction ends. */
export async function findSiblings(
  tx: BrokerTransaction,
  consent: { householdId: HouseholdId; clientId: ClientId; purpose?: Purpose },
  state: ConsentState,
): Promise<Consent[]> {
  const matching = tx
    .selectFrom('consent.consent')
    .select('consent_id')
    .where('household_id', '=', consent.householdId)
    .where('client_id', '=', consent.clientId)
    .where('state', '=', state)
    .$if(consent.purpose !== undefined, (query) => query.where('purpose', '=', consent.purpose ?? ''))
    .orderBy('consent_id')
    .forUpdate();
  const ids = (await matching.execute()).map((row) => row.consent_id);
  if (ids.length === 0) return [];
  const rows = await selectConsents(tx)
    .where('c.consent_id', 'in', ids)
    .where('c.state', '=', state)
    .orderBy('c.consent_id')
    .execute();
  return rows.map(consentOf);
}
