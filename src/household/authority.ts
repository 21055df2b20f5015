// That an occupier answers for a home as somebody's attorney or deputy. An operator who has seen the papers records it;
// each consent that is given then says so, and commits to where the papers are.
import type { Database } from '../db/database.ts';
import { StabledoorError } from '../lib/errors.ts';
import { type Authority, deleteAuthority, replaceAuthority } from './authority-store.ts';
import { parseEmailAddress } from './email-address.ts';
import { findOccupierByEmail } from './household-store.ts';

export { type Authority, type AuthorityKind, authorityKinds, findAuthority } from './authority-store.ts';

/** Null takes it back. Errors: `not_found` where nobody signs in with that address. */
export async function recordAuthority(
  db: Database,
  email: string,
  authority: Authority | null,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const occupier = await findOccupierByEmail(tx, parseEmailAddress(email) ?? '');
    if (occupier === null) throw new StabledoorError('not_found', 'Nobody signs in with that address.');
    if (authority === null) await deleteAuthority(tx, occupier.occupierId);
    else await replaceAuthority(tx, occupier.occupierId, authority);
  });
}
