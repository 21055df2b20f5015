// What an operator signs: the fields of the entry that says so, and the log they are meant for. Whoever has the entry can
// make the same text again, so that a signature is checked offline and counts in no other log and for no other step.
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';

const prefix = 'stabledoor/operator/v1\n';

/** `body` is an `operator.proposed`, `operator.approved` or `operator.declined`; its request and proof are left out. */
export function operatorStatement(
  origin: string,
  body: { readonly kind: string; readonly [field: string]: JsonValue | undefined },
): string {
  const { req: _req, proof: _proof, ...said } = body;
  return prefix + canonicalJson({ ...said, origin } as JsonValue);
}
