// The reasons a policy may refuse for, the most important first; none may refuse for a reason that is not here.
// Pure. A reason is kept in the ledger and, but for one, is the error code of the answer: never rename one.
import type { ErrorCode } from '../lib/error-catalogue.ts';

/**
 * In order of importance: the first that applies is the code of the answer. What the householder agreed to stands
 * before what the class may have, because that is what a caller can act on.
 */
export const refusalReasons = [
  'policy_denied',
  'third_party_suspended',
  'consent_not_in_force',
  'right_not_in_force',
  'purpose_not_consented',
  'purpose_not_allowed',
  'recipient_not_allowed',
  'opted_out',
  'finer_than_consented',
  'finer_than_class_allows',
  'register_not_consented',
  'outside_consent_window',
  'outside_right',
  'further_back_than_allowed',
  'longer_than_allowed',
  'period_not_closed',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

export const isRefusalReason = (text: string): text is RefusalReason =>
  (refusalReasons as readonly string[]).includes(text);

/** Sorted by importance, each once. */
export const byImportance = (reasons: Iterable<RefusalReason>): RefusalReason[] => {
  const given = new Set(reasons);
  return refusalReasons.filter((reason) => given.has(reason));
};

/** A token whose consent is over is an invalid token (RFC 6750 section 3.1); every other reason is its own code. */
export const errorCodeOf = (reason: RefusalReason): ErrorCode =>
  reason === 'consent_not_in_force' ? 'invalid_token' : reason;
