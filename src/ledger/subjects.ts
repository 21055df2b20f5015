// The household's keys as the ledger uses them, read from the key store once and kept for a while: an append must not
// wait for another database each time. An erased household is refused by a guard, not by this cache.
import { openSubject, type Subject } from './commitment.ts';
import { findKey, insertKey, type SubjectKeyDatabase } from './subject-key-store.ts';

export interface Subjects {
  /** Makes the household's key, before its first entry. */
  create(householdId: string): Promise<void>;
  /** Null when the household has no key (any more). */
  find(householdId: string): Promise<Subject | null>;
  forget(householdId: string): void;
}

const maxKept = 20_000;

export function openSubjects(db: SubjectKeyDatabase, origin: string): Subjects {
  const kept = new Map<string, Subject>();
  return {
    create: (householdId) => insertKey(db, householdId),
    async find(householdId) {
      const found = kept.get(householdId);
      if (found) return found;
      const key = await findKey(db, householdId);
      if (key === null) return null;
      const subject = openSubject(key, origin);
      const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(householdId, subject);
      return subject;
    },
    forget(householdId) {
      kept.delete(householdId);
    },
  };
}
