// The SQL of sign-in codes. A try is counted before the code is compared, and a code is spent by one update alone.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { OccupierId } from '../lib/ids.ts';

export interface NewSignIn {
  readonly challengeHash: Buffer;
  readonly occupierId: OccupierId | null;
  readonly salt: Buffer;
  readonly codeHash: Buffer;
  readonly returnTo: string;
  readonly lifetimeSeconds: number;
}

const seconds = (count: number) => sql`${count} * interval '1 second'`;

export async function insertSignIn(store: Store, signIn: NewSignIn): Promise<void> {
  await store
    .insertInto('household.sign_in')
    .values({
      challenge_hash: signIn.challengeHash,
      occupier_id: signIn.occupierId,
      salt: signIn.salt,
      code_hash: signIn.codeHash,
      return_to: signIn.returnTo,
      begun_at: sql<Date>`ledger.now()`,
      expires_at: sql<Date>`ledger.now() + ${seconds(signIn.lifetimeSeconds)}`,
    })
    .execute();
}

export async function countRecentSignIns(
  store: Store,
  occupierId: OccupierId | null,
  withinSeconds: number,
): Promise<number> {
  const row = await store
    .selectFrom('household.sign_in')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('occupier_id', '=', occupierId)
    .where('begun_at', '>', sql<Date>`ledger.now() - ${seconds(withinSeconds)}`)
    .executeTakeFirstOrThrow();
  return row.count;
}

export interface CountedTry {
  readonly occupierId: OccupierId | null;
  readonly salt: Buffer;
  readonly codeHash: Buffer;
  readonly returnTo: string;
}

/** Null where there is no such challenge, or its time, its tries or its single use are over. */
export async function countTry(
  store: Store,
  challengeHash: Buffer,
  mostTries: number,
): Promise<CountedTry | null> {
  const row = await store
    .updateTable('household.sign_in')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('challenge_hash', '=', challengeHash)
    .where('consumed_at', 'is', null)
    .where('tries', '<', mostTries)
    .where('expires_at', '>', sql<Date>`ledger.now()`)
    .returning(['occupier_id', 'salt', 'code_hash', 'return_to'])
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    occupierId: row.occupier_id as OccupierId | null,
    salt: row.salt,
    codeHash: row.code_hash,
    returnTo: row.return_to,
  };
}

/** True for one caller only. */
export async function consumeSignIn(tx: BrokerTransaction, challengeHash: Buffer): Promise<boolean> {
  const row = await tx
    .updateTable('household.sign_in')
    .set({ consumed_at: sql<Date>`ledger.now()` })
    .where('challenge_hash', '=', challengeHash)
    .where('consumed_at', 'is', null)
    .returning('challenge_hash')
    .executeTakeFirst();
  return row !== undefined;
}

/** A few at a time, so that no sign-in pays for all the others. */
export async function deleteOldSignIns(store: Store): Promise<void> {
  await store
    .deleteFrom('household.sign_in')
    .where('challenge_hash', 'in', (eb) =>
      eb
        .selectFrom('household.sign_in')
        .select('challenge_hash')
        .where('expires_at', '<', sql<Date>`ledger.now() - interval '1 day'`)
        .limit(20),
    )
    .execute();
}
