// What each request at the OAuth endpoints asks the database before it is judged: who calls, whether assertion and proof are
// new, what a code or a refresh token stands for. Requests that come together ask together: one statement for all of them.
import type { Store } from '../db/database.ts';
import { askedTogether } from '../lib/asked-together.ts';
import { findThirdParties } from '../registry/registry-store.ts';
import type { ThirdParty } from '../registry/third-party.ts';
import { findCodes, findRefreshTokens, type StoredCode, type StoredGrant } from './grant-store.ts';
import { recordUses, type UsedOnce, type Uses } from './used-once-store.ts';

export interface Lookups {
  thirdParty(clientId: string): Promise<ThirdParty | null>;
  /** Records assertion and proof as used, and says of each whether this was its first use. */
  use(once: UsedOnce): Promise<Uses>;
  code(codeHash: Buffer): Promise<StoredCode | null>;
  /** Null also for one from before its grant was replaced. */
  refreshToken(tokenHash: Buffer): Promise<StoredGrant | null>;
}

const mostAtOnce = 256;

export const openLookups = (db: Store): Lookups => ({
  thirdParty: askedTogether((clientIds) => findThirdParties(db, clientIds), mostAtOnce),
  use: askedTogether((uses) => recordUses(db, uses), mostAtOnce),
  code: askedTogether((hashes) => findCodes(db, hashes), mostAtOnce),
  refreshToken: askedTogether((hashes) => findRefreshTokens(db, hashes), mostAtOnce),
});
