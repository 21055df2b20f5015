// Whether readings could be released now: database and meter store answer, and the ledger takes entries. Named reasons,
// no addresses.
import type { Kysely } from 'kysely';
import { answers } from '../db/probe.ts';

export interface HealthParts {
  readonly db: unknown;
  readonly meterStore: unknown;
  /** Why the ledger takes no entries, or null. */
  readonly gate?: { whyShut(): string | null };
}

/** Null when ready, else the reason in words. */
export async function checkHealth({ db, meterStore, gate }: HealthParts): Promise<string | null> {
  const [database, meters] = await Promise.all([
    answers(db as Kysely<never>),
    answers(meterStore as Kysely<never>),
  ]);
  if (!database) return 'the database does not answer';
  if (!meters) return 'the meter store does not answer';
  const whyShut = gate?.whyShut() ?? null;
  return whyShut === null ? null : `the ledger takes no entries: ${whyShut}`;
}
