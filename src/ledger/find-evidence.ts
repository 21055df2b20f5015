// Shows the evidence of an entry, and only what the entry itself commits to: neither side can put in another request, nor
// deny the one that is there.
import type { Store } from '../db/database.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import { parseEntry } from './entry.ts';
import { parseEntryBody } from './entry-body.ts';
import { openEvidence } from './evidence.ts';
import { findSealed } from './evidence-store.ts';
import type { Subjects } from './subjects.ts';

export interface EvidenceParts {
  readonly db: Store;
  readonly logId: number;
  readonly origin: string;
  readonly subjects: Subjects;
}

export interface OpenedEvidence {
  readonly values: Readonly<Record<string, JsonValue>>;
  /** What opens the commitment to a field, for whoever is handed the value with it. */
  salt(field: string): Uint8Array;
}

/** By field, as committed. Null where there is none or its household was erased; throws where it is not what was committed. */
export const findEvidence = async (
  parts: EvidenceParts,
  index: number,
): Promise<Readonly<Record<string, JsonValue>> | null> =>
  (await openEvidenceOf(parts, index))?.values ?? null;

/** The same, with what proves it to others. */
export async function openEvidenceOf(
  { db, logId, origin, subjects }: EvidenceParts,
  index: number,
): Promise<OpenedEvidence | null> {
  const found = await findSealed(db, logId, index);
  const subject = found && (await subjects.find(found.householdId));
  if (!found || !subject) return null;
  const body = parseEntryBody(parseEntry(found.entry.toString('utf8')).body);
  const record = subject.record(body.req);
  const values = openEvidence(record, origin, body.req, found.sealed);
  const committed: Readonly<Record<string, string>> = 'commit' in body ? body.commit : {};
  for (const [field, value] of Object.entries(values))
    if (record.commit(field, value) !== committed[field])
      throw new Error(`the evidence of entry ${index} is not what it commits to: ${field}`);
  return { values, salt: (field) => record.salt(field) };
}
