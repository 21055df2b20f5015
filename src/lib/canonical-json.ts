// JSON Canonicalization Scheme (RFC 8785): the one form of a value that gets hashed or signed.
// Stricter than the RFC where the ledger is: integers only, no undefined, no lone surrogates.

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * Throws TypeError on anything whose canonical form two programs could disagree about. What JSON.stringify writes of
 * integers and well-formed strings is what the RFC wants (section 3.2.2 takes both from ECMAScript), so only names need
 * an order. The library that does it letter by letter takes twice to four times as long for what a read commits to; it
 * is the oracle in the test.
 */
export const canonicalJson = (value: JsonValue): string => JSON.stringify(ordered(value));

/** The canonical form of an object, of members whose own canonical forms are at hand. */
export function canonicalObject(members: ReadonlyMap<string, string>): string {
  const written = [...members.keys()].sort().map((name) => {
    refuseName(name);
    return `${JSON.stringify(name)}:${members.get(name)}`;
  });
  return `{${written.join(',')}}`;
}

function ordered(value: unknown): JsonValue {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    throw new TypeError('only safe integers have a canonical form here');
  }
  if (typeof value === 'string') {
    if (value.isWellFormed()) return value;
    throw new TypeError('a string with a lone surrogate has no canonical form');
  }
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') throw new TypeError('undefined and functions have no canonical form');
  if (Array.isArray(value)) return value.map(ordered);
  const names = Object.keys(value).sort();
  const result: Record<string, JsonValue> = {};
  for (const name of names) {
    refuseName(name);
    result[name] = ordered((value as Record<string, unknown>)[name]);
  }
  return result;
}

/** An object keeps no place of its own for these: numbers go first, in their order, and a prototype is no member. */
function refuseName(name: string): void {
  if (/^[0-9]/.test(name) || name === '__proto__' || !name.isWellFormed())
    throw new TypeError(
      'a name that is a number, __proto__ or has a lone surrogate has no canonical form here',
    );
}
