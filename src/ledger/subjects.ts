// The household's keys as the ledger uses them, read from the key store once and kept for a while: an append must not
// wait for another database each time. An erased household is refused by a guard, not by this cache.
import { openSubject, type Subject } from './commitment.ts';
import { deleteKey, findKey, insertKey, type SubjectKeyDatabase } from './subject-key-store.ts';

export interface Subjects {
  /** Makes the household's key, before its first entry. */
  create(householdId: string): Promise<void>;
  /** Null when the household has no key (any more). */
  find(householdId: string): Promise<Subject | null>;
  /** Deletes the household's key for good. Other processes forget theirs within minutes; a guard holds until then. */
  erase(householdId: string): Promise<void>;
}

const maxKept = 20_000;
/** No longer than this does a process hold the key of a household that another one erased. */
const keptMs = 300_000;

export function openSubjects(db: SubjectKeyDatabase, origin: string, { isSuccessor = false } = {}): Subjects {
  const kept = new Map<string, { readonly subject: Subject; readonly until: number }>();
  return {
    create: (householdId) => insertKey(db, householdId),
    async find(householdId) {
      const found = kept.get(householdId);
      if (found && found.until > performance.now()) return found.subject;
      kept.delete(householdId);
      const key = await findKey(db, householdId);
      if (key === null) return null;
      const subject = openSubject(key, origin, isSuccessor);
      const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(householdId, { subject, until: performance.now() + keptMs });
      return subject;
    },
    async erase(householdId) {
      await deleteKey(db, householdId);
      kept.delete(householdId);
    },
  };
}
