// The SQL of answers that hold before anything is asked: a door kept shut, and ninety days of quiet after a no.
// Both are one occupier's own: nobody else who lives there is kept quiet by them, or can tell.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { ClientId, ConsentId, OccupierId } from '../lib/ids.ts';
import type { Purpose } from '../policy/request.ts';

export const quietDays = 90;

/** How a request is answered before it is seen: null means that it is shown. */
export type StandingAnswer = 'door-shut' | 'quiet' | null;

export async function findStandingAnswer(
  tx: BrokerTransaction,
  { occupierId, clientId, purpose }: { occupierId: OccupierId; clientId: ClientId; purpose: Purpose },
): Promise<StandingAnswer> {
  const { rows } = await sql<{ shut: boolean; quiet: boolean }>`
    select o.door_shut_at is not null as shut, exists (
      select from consent.consent c
        join registry.third_party told on told.client_id = c.client_id
        join registry.third_party asks on asks.client_id = ${clientId} and asks.legal_group = told.legal_group
       where c.occupier_id = o.occupier_id and c.purpose = ${purpose} and c.quiet_until > ledger.now()) as quiet
      from household.occupier o where o.occupier_id = ${occupierId}`.execute(tx);
  if (rows[0]?.shut) return 'door-shut';
  return rows[0]?.quiet ? 'quiet' : null;
}

/** From a refusal on. Outside production only for an occupier who keeps quiet there too. */
export async function beginQuiet(tx: BrokerTransaction, consentId: ConsentId): Promise<void> {
  await sql`
    update consent.consent c set quiet_until = ledger.now() + ${quietDays} * interval '1 day'
     where c.consent_id = ${consentId} and (
       exists (select from ledger.log l where l.log_id = c.log_id and l.mode = 'production')
       or exists (select from household.occupier o where o.occupier_id = c.occupier_id and o.keeps_quiet))`.execute(
    tx,
  );
}

/** The group of that refused request may ask this occupier for its purpose again. */
export async function endQuiet(
  store: Store,
  { consentId, occupierId }: { consentId: ConsentId; occupierId: OccupierId },
): Promise<void> {
  await sql`
    update consent.consent c set quiet_until = null
      from consent.consent one
      join registry.third_party p on p.client_id = one.client_id
      join registry.third_party same on same.legal_group = p.legal_group
     where one.consent_id = ${consentId} and one.occupier_id = ${occupierId}
       and c.occupier_id = one.occupier_id and c.purpose = one.purpose and c.client_id = same.client_id
       and c.quiet_until is not null`.execute(store);
}
