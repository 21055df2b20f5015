// What stands behind commitments, opened for a reader who may see it: only the fields that are named, only where it was kept
// and its household still has a key. Of an erased household there is nothing to open, whatever was kept before.

import type { Store } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { openSubject, type SubjectRecord } from './commitment.ts';
import { parseEntry } from './entry.ts';
import { parseEntryBody } from './entry-body.ts';
import { openEvidence } from './evidence.ts';
import { findSealedRange, type SealedEntry } from './evidence-store.ts';
import type { Opener } from './export.ts';
import { formatExportLine } from './export-format.ts';
import { findKeys, type SubjectKeyDatabase } from './subject-key-store.ts';

export interface OpeningParts {
  readonly db: Store;
  readonly logId: number;
  readonly origin: string;
  readonly keys: SubjectKeyDatabase;
  /** Fields of `commit` that the reader may see. */
  readonly fields: readonly string[];
}

/** What cannot be opened, because it was damaged, is left out: the commitment stands in its entry all the same. */
export function openerOf(parts: OpeningParts): Opener {
  const { db, logId, origin } = parts;
  return async (from, to) => {
    const sealed = await findSealedRange(db, logId, from, to);
    const households = [...new Set(sealed.map(({ householdId }) => householdId))];
    const keys = await findKeys(parts.keys, households);
    const openings = new Map<number, string>();
    for (const entry of sealed) {
      const key = keys.get(entry.householdId);
      if (key === undefined) continue;
      const text = openingsOf(parts, openSubject(key, origin).record, entry);
      if (text !== '') openings.set(entry.index, text);
    }
    return openings;
  };
}

function openingsOf(
  { origin, fields }: OpeningParts,
  recordOf: (request: string) => SubjectRecord,
  { entry, sealed }: SealedEntry,
): string {
  try {
    const { req } = parseEntryBody(parseEntry(entry.toString('utf8')).body);
    const record = recordOf(req);
    const values = openEvidence(record, origin, req, sealed);
    return fields
      .filter((field) => Object.hasOwn(values, field))
      .map((field) => {
        const value = canonicalJson(values[field] as never);
        return formatExportLine({ type: 'opening', field, salt: encodeBase64(record.salt(field)), value });
      })
      .join('');
  } catch {
    return '';
  }
}
