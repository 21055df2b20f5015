// The SQL that reads the steps of a consent: when each was taken, and where the ledger has it.
import type { Store } from '../db/database.ts';
import { parseEntry } from '../ledger/entry.ts';
import { parseEntryBody } from '../ledger/entry-body.ts';
import type { ConsentId } from '../lib/ids.ts';

/** When each step was taken and where the ledger holds it; null while its entry still waits to be written. */
export async function listSteps(
  store: Store,
  consentId: ConsentId,
): Promise<{ event: string; version: number; at: Date; index: number | null }[]> {
  return store
    .selectFrom('consent.step as s')
    .leftJoin('ledger.request as r', (join) =>
      join.onRef('r.log_id', '=', 's.log_id').onRef('r.req', '=', 's.req'),
    )
    .select(['s.event', 's.version', 's.at', 'r.idx as index'])
    .where('s.consent_id', '=', consentId)
    .orderBy('s.at')
    .orderBy('r.idx')
    .execute();
}

/** What the giver proved with, as the entry of the giving says it. */
export async function findSignedBy(
  store: Store,
  consentId: ConsentId,
): Promise<'code' | 'passkey' | 'sandbox'> {
  const row = await store
    .selectFrom('consent.step as s')
    .innerJoin('ledger.request as r', (join) =>
      join.onRef('r.log_id', '=', 's.log_id').onRef('r.req', '=', 's.req'),
    )
    .innerJoin('ledger.entry as e', (join) =>
      join.onRef('e.log_id', '=', 'r.log_id').onRef('e.idx', '=', 'r.idx'),
    )
    .select('e.entry')
    .where('s.consent_id', '=', consentId)
    .where('s.event', '=', 'give')
    .executeTakeFirstOrThrow();
  const body = parseEntryBody(parseEntry(row.entry.toString('utf8')).body);
  if (body.kind !== 'consent.given') throw new TypeError(`${consentId} was given by ${body.kind}`);
  return body.signed_by;
}

/** Where the ledger has the terms of a version; null while that entry is not written. */
export async function findTermsEntry(
  store: Store,
  consentId: ConsentId,
  version: number,
): Promise<{ logId: number; index: number; origin: string } | null> {
  const row = await store
    .selectFrom('consent.step as s')
    .innerJoin('ledger.request as r', (join) =>
      join.onRef('r.log_id', '=', 's.log_id').onRef('r.req', '=', 's.req'),
    )
    .innerJoin('ledger.log as l', 'l.log_id', 'r.log_id')
    .select(['r.log_id', 'r.idx', 'l.origin'])
    .where('s.consent_id', '=', consentId)
    .where('s.version', '=', version)
    .where('s.event', 'in', ['give', 'narrow'])
    .executeTakeFirst();
  return row ? { logId: row.log_id, index: Number(row.idx), origin: row.origin } : null;
}
