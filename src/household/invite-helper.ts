// Somebody whom a household asks to help: they can see what it shares and stop it, and never give anything. The invitation
// goes to an address; whoever opens its link there, and signs in with that address, is the helper.
import { randomBytes } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type HouseholdId, newId } from '../lib/ids.ts';
import { parseEmailAddress } from './email-address.ts';
import { acceptInvitation, countInvitations, findInvited, insertHelper } from './helper-store.ts';
import { lockName } from './household-store.ts';
import { withAccount } from './households.ts';
import { hashSecret } from './sign-in.ts';

const invitationLifetimeSeconds = 7 * 86_400;
/** Of one household: an invitation is a mail to whomever it names. */
const mostInvitationsADay = 5;

/** Gives the secret of the link to be mailed; null where the address is none, or enough were invited today. */
export async function inviteHelper(
  db: Database,
  { householdId, email }: { readonly householdId: HouseholdId; readonly email: string },
): Promise<{ readonly email: string; readonly token: string } | null> {
  const address = parseEmailAddress(email);
  if (address === null) return null;
  const token = randomBytes(32).toString('base64url');
  return db.transaction().execute(async (tx) => {
    await lockName(tx, `invitations ${householdId}`);
    if ((await countInvitations(tx, householdId, 86_400)) >= mostInvitationsADay) return null;
    await insertHelper(tx, {
      ...{ helperId: newId('helper'), householdId, email: address, tokenHash: hashSecret(token) },
      lifetimeSeconds: invitationLifetimeSeconds,
    });
    return { email: address, token };
  });
}

/** Makes an account for the address where it has none. False where the invitation is not open (any more). */
export async function acceptHelp(
  parts: { readonly db: Database; readonly ledger: Ledger },
  token: string,
): Promise<boolean> {
  const tokenHash = hashSecret(token);
  const email = await findInvited(parts.db, tokenHash);
  if (email === null) return false;
  return withAccount(parts, email, (tx, householdId) => acceptInvitation(tx, tokenHash, householdId));
}
