// JSON Canonicalization Scheme (RFC 8785): the one form of a value that gets hashed or signed.
// Stricter than the RFC where the ledger is: integers only, no undefined, no lone surrogates.
import canonicalize from 'canonicalize';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Throws TypeError on anything whose canonical form two programs could disagree about. */
export function canonicalJson(value: JsonValue): string {
  refuseAmbiguous(value);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no canonical JSON form');
  return text;
}

function refuseAmbiguous(value: unknown): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new TypeError('only safe integers have a canonical form here');
  if (typeof value === 'string' && !value.isWellFormed())
    throw new TypeError('a string with a lone surrogate has no canonical form');
  if (value === undefined || typeof value === 'function')
    throw new TypeError('undefined and functions have no canonical form');
  if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) refuseAmbiguous(item);
}
