// JSON that two programs read alike, and that no program needs much stack for.

/** How deep objects and lists may stand in each other: reading what is deeper would end a program, not refuse a file. */
const MAX_DEPTH = 64;

/** A member __proto__ would be left out where a schema reads it: it would stand in the log and be seen by nobody. */
export function isPlainJson(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const inside = level.filter((one) => typeof one === 'object' && one !== null);
    if (inside.length === 0) return true;
    if (inside.some((one) => Object.hasOwn(one, '__proto__'))) return false;
    level = inside.flatMap((one) => Object.values(one));
  }
  return false;
}
