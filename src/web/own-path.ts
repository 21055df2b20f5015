// A path that a page may lead back to: one of ours, never another site's, however it is written. Pure.

const base = 'http://own.invalid';
const longest = 2048;

/** Path and query in normal form; null for anything that a browser could take for another place. */
export function ownPath(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > longest || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text))
    return null;
  if (text.includes('\\') || !URL.canParse(text, base)) return null;
  const { origin, pathname, search } = new URL(text, base);
  const path = `${pathname}${search}`;
  // A path such as /.//elsewhere comes out as //elsewhere.
  return origin === base && !path.startsWith('//') && path.length <= longest ? path : null;
}
