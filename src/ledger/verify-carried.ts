// Whether an operator whom a log that goes on takes over was one in the former log, in office when it was set back, with that
// role and that key. Else whoever writes the next log could make operators of anybody.
import type { EntryOf } from './entry-body.ts';
import type { OperatorKeyRecord } from './verify-operator-proof.ts';

export interface KnownOperator {
  readonly role: string;
  readonly addedAt: number;
  /** By thumbprint. */
  readonly keys: Map<string, OperatorKeyRecord & { readonly addedAt: number }>;
  removedAt: number | null;
}

/** Null where nothing speaks against it. `keptSize`: how many entries of the former log are left. */
export function whyNotCarried(
  known: KnownOperator | undefined,
  { operator, role, key, kept_in }: EntryOf<'operator.carried'>,
  keptSize: number,
): string | null {
  if (known === undefined || known.addedAt >= keptSize)
    return `${operator} was no operator of the former log`;
  if (known.removedAt !== null && known.removedAt < keptSize)
    return `${operator} was removed in the former log`;
  if (known.role !== role) return `${operator} was ${known.role} in the former log`;
  const hasKey = [...known.keys.values()].some(
    (one) => one.key === key && one.keptIn === kept_in && one.addedAt < keptSize,
  );
  return hasKey ? null : `${operator} had no such key in the former log`;
}
