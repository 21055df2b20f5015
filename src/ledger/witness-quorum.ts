// Whether a set of cosignatures is enough under a policy, counted by distinct key and never by lines.
// A policy that the operator's own witnesses could meet alone proves nothing to anybody else, and is told apart here.
import type { VerifiedSignature } from './verifier-key.ts';
import type { PolicyMember, PolicyWitness, WitnessPolicy } from './witness-policy.ts';

/** `signatures` have been verified; those of strangers to the policy do not count. */
export function meetsQuorum(
  policy: WitnessPolicy,
  signatures: readonly Pick<VerifiedSignature, 'key'>[],
): boolean {
  const signed = new Set(signatures.map(({ key }) => key.text));
  return isWitnessed(policy.quorum, ({ key }) => signed.has(key.text));
}

/** Whether no set of witnesses that the operator runs could meet the quorum. A witness with no `run-by` is the operator's. */
export const needsOutsider = (policy: WitnessPolicy): boolean =>
  !isWitnessed(policy.quorum, ({ runBy }) => runBy === null);

/** Each witness is in one group at most (the parser sees to it), so no key is counted twice. */
function isWitnessed(member: PolicyMember | null, hasSigned: (witness: PolicyWitness) => boolean): boolean {
  if (member === null) return true;
  if (member.kind === 'witness') return hasSigned(member);
  return member.members.filter((one) => isWitnessed(one, hasSigned)).length >= member.threshold;
}
