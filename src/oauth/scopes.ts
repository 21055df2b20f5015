// The scopes of a third party's own: what it may do in its own name, without a householder. One opens
// readings that the law lets it have without asking (`readings:by-right`); none is ever asked of a householder; the scopes by which one is asked are in purpose-scope.ts.
import { invalidScope } from './errors.ts';

export const scopes = [
  'consents:read',
  'grant_management_query',
  'grant_management_revoke',
  'notices:read',
  'readings:by-right',
] as const;
export type Scope = (typeof scopes)[number];

const isScope = (word: string): word is Scope => (scopes as readonly string[]).includes(word);

/** RFC 6749 section 3.3: words apart by one space, in any order; named twice is named once. Throws `invalid_scope`. */
export function readScopes(text: string | undefined): Scope[] {
  const words = [...new Set((text ?? '').split(' '))];
  if (!words.every(isScope)) throw invalidScope(`the scopes here are ${scopes.join(' ')}`);
  return words.sort();
}
