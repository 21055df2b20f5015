// Whether readings could be released now: the database and the meter store answer. Named reasons, no addresses.
import type { Kysely } from 'kysely';
import { answers } from '../db/probe.ts';

export interface HealthParts {
  readonly db: unknown;
  readonly meterStore: unknown;
}

/** Null when ready, else the reason in words. */
export async function checkHealth({ db, meterStore }: HealthParts): Promise<string | null> {
  const [database, meters] = await Promise.all([
    answers(db as Kysely<never>),
    answers(meterStore as Kysely<never>),
  ]);
  if (!database) return 'the database does not answer';
  return meters ? null : 'the meter store does not answer';
}
