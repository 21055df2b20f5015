// An entry before it has a place in the log: what does not depend on it is made here, outside the head's lock.
import { canonicalJson, canonicalObject, type JsonValue } from '../lib/canonical-json.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { RequestId, SubjectId } from '../lib/ids.ts';
import type { BatchParts, Guard, PreparedEntry, Receipt } from './batch.ts';
import type { Subject } from './commitment.ts';
import { type Commitments, type EntryDraft, sealBody } from './entry-body.ts';
import { sealEvidence } from './evidence.ts';
import { late, unavailable } from './sequencer.ts';
import type { Subjects } from './subjects.ts';

export interface AppendRequest {
  readonly req: RequestId;
  /** Null for an entry of no household. */
  readonly householdId: SubjectId | null;
  readonly body: EntryDraft;
  /** Values that stand in the entry as salted commitments only: `commit[field]`. Needs a household. */
  readonly personal?: Readonly<Record<string, JsonValue>>;
  /** What is written instead when a guard fails. Null or absent: nothing is, and the append rejects with GuardRefused. */
  readonly refusal?: (reason: string) => EntryDraft | null;
  /** Fields of `personal` that the refusal commits to as well; none by default. */
  readonly refusalPersonal?: readonly string[];
  /** Fields of `personal` that are kept as well, sealed under the household's key, whichever body is written. */
  readonly evidence?: readonly string[];
  readonly guards?: readonly Guard[];
  /** Appended when this one became durable too late: its caller had been told that nothing was done. */
  readonly whenLate?: (receipt: Receipt) => AppendRequest;
}

/** Everything that does not depend on the place in the log: keys, commitments, validation, canonical text. */
export async function prepareEntry(
  { subjects, origin }: BatchParts,
  request: AppendRequest,
  expiresAt: number,
): Promise<PreparedEntry> {
  const { req, householdId, personal = {}, refusal } = request;
  const subject = householdId === null ? null : await findInTime(subjects, householdId, expiresAt);
  if (householdId !== null && subject === null)
    throw new StabledoorError(
      'ledger_unavailable',
      'The household has no key any more. Nothing was released.',
    );
  const record = subject?.record(req);
  const commit: Record<string, string> = {};
  const evidence = new Map<string, string>();
  for (const [field, value] of Object.entries(personal)) {
    if (!record) throw new TypeError(`${field} is personal, and the entry is of no household`);
    const text = canonicalJson(value);
    commit[field] = record.commitText(field, text);
    if (request.evidence?.includes(field)) evidence.set(field, text);
  }
  return {
    req,
    householdId,
    subject,
    body: sealBody(request.body, req, Object.keys(commit).length > 0 ? commit : undefined),
    refusal(reason) {
      // Of an erased household nothing is written any more, not even that it was refused.
      const draft = reason === 'subject_erased' ? null : (refusal?.(reason) ?? null);
      return draft === null ? null : sealBody(draft, req, only(commit, request.refusalPersonal ?? []));
    },
    evidence:
      record && request.evidence ? sealEvidence(record, origin, req, canonicalObject(evidence)) : null,
    guards: request.guards ?? [],
  };
}

const only = (values: Commitments, fields: readonly string[]): Commitments =>
  Object.fromEntries(Object.entries(values).filter(([field]) => fields.includes(field)));

/** The key store is a database of its own: when it is down or slow, the entry cannot be made, and that is our 503. */
async function findInTime(subjects: Subjects, id: SubjectId, expiresAt: number): Promise<Subject | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(late()), Math.max(0, expiresAt - performance.now()));
  });
  try {
    return await Promise.race([subjects.find(id), tooLate]);
  } catch (error) {
    throw error instanceof StabledoorError ? error : unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}
