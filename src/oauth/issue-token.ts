// Signs an access token while the ledger records it: the token is let go only when both are done. A key that was retired since
// this process last looked signs nothing: the guard says so, and the token is made again with the key of now.
import type { EntryDraft } from '../ledger/entry-body.ts';
import { type Guard, GuardRefused, type Ledger } from '../ledger/ledger.ts';
import { type HouseholdId, newRequestId } from '../lib/ids.ts';
import { signAccessToken, type TokenContent, type TokenTimes } from './access-token.ts';
import { temporarilyUnavailable } from './errors.ts';
import { NoSigningKey } from './signing-key-ring.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface IssueParts {
  readonly issuer: string;
  readonly ledger: Ledger;
  readonly signingKeys: SigningKeys;
}

export interface NewToken {
  readonly content: TokenContent;
  readonly times: TokenTimes;
  readonly householdId: HouseholdId | null;
  readonly entry: EntryDraft;
  readonly guards: readonly Guard[];
}

/**
 * The compact JWS. Throws GuardRefused with the reason of one of `guards`; OauthError `temporarily_unavailable` where no key
 * that stands is here; StabledoorError `ledger_unavailable`.
 */
export async function issueAccessToken(parts: IssueParts, token: NewToken): Promise<string> {
  try {
    return await signAndRecord(parts, token);
  } catch (error) {
    if (!isOfRetiredKey(error)) throw error;
  }
  try {
    await parts.signingKeys.refresh();
    return await signAndRecord(parts, token);
  } catch (error) {
    throw isOfRetiredKey(error) || error instanceof NoSigningKey ? temporarilyUnavailable() : error;
  }
}

const isOfRetiredKey = (error: unknown): boolean =>
  error instanceof GuardRefused && error.reason === 'signing_key_retired';

async function signAndRecord(parts: IssueParts, token: NewToken): Promise<string> {
  const { content, times, householdId, entry, guards } = token;
  const key = parts.signingKeys.current();
  const stands: Guard = { name: 'signing-key-stands', args: { kid: key.kid } };
  const [signed] = await Promise.all([
    signAccessToken(parts, key, content, times),
    parts.ledger.append({ req: newRequestId(), householdId, body: entry, guards: [stands, ...guards] }),
  ]);
  return signed;
}
