// The SQL of passkeys and challenges. A challenge is spent by one delete alone; a counter only goes up.
import { sql } from 'kysely';
import type { Store } from '../db/database.ts';

/** Whose a passkey is: the id of an occupier or of an operator. */
export type PasskeyOwner = `${'occupier' | 'operator'}_${string}`;

export interface Passkey {
  readonly credentialId: Buffer;
  readonly owner: PasskeyOwner;
  /** COSE_Key. */
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly synced: boolean;
  /** What its owner calls it. */
  readonly label: string;
  readonly addedAt: Date;
  readonly usedAt: Date | null;
}

export interface NewChallenge {
  readonly challengeHash: Buffer;
  readonly use: string;
  readonly subject: string;
  readonly lifetimeSeconds: number;
}

const now = sql<Date>`ledger.now()`;

/** Lets a few that are over go as well: no sign-in pays for all the others. */
export async function insertChallenge(store: Store, challenge: NewChallenge): Promise<void> {
  await store
    .insertInto('passkey.challenge')
    .values({
      challenge_hash: challenge.challengeHash,
      use: challenge.use,
      subject: challenge.subject,
      expires_at: sql<Date>`ledger.now() + ${challenge.lifetimeSeconds} * interval '1 second'`,
    })
    .execute();
  await store
    .deleteFrom('passkey.challenge')
    .where('challenge_hash', 'in', (eb) =>
      eb.selectFrom('passkey.challenge').select('challenge_hash').where('expires_at', '<', now).limit(20),
    )
    .execute();
}

/** True for one caller only, and only in time, for this use, by whom it was given to. */
export async function spendChallenge(
  store: Store,
  { challengeHash, use, subject }: Omit<NewChallenge, 'lifetimeSeconds'>,
): Promise<boolean> {
  const row = await store
    .deleteFrom('passkey.challenge')
    .where('challenge_hash', '=', challengeHash)
    .where('use', '=', use)
    .where('subject', '=', subject)
    .where('expires_at', '>', now)
    .returning('challenge_hash')
    .executeTakeFirst();
  return row !== undefined;
}

const columns = ['credential_id', 'owner', 'public_key', 'counter', 'transports'] as const;
const further = ['synced', 'label', 'added_at', 'used_at'] as const;

const selectPasskeys = (store: Store) =>
  store.selectFrom('passkey.credential').select([...columns, ...further]);
type PasskeyRow = Awaited<ReturnType<ReturnType<typeof selectPasskeys>['executeTakeFirstOrThrow']>>;

const passkeyOf = (row: PasskeyRow): Passkey => ({
  credentialId: row.credential_id,
  owner: row.owner as PasskeyOwner,
  publicKey: row.public_key,
  counter: row.counter,
  transports: row.transports,
  synced: row.synced,
  label: row.label,
  addedAt: row.added_at,
  usedAt: row.used_at,
});

export async function findPasskey(store: Store, credentialId: Buffer): Promise<Passkey | null> {
  const row = await selectPasskeys(store).where('credential_id', '=', credentialId).executeTakeFirst();
  return row ? passkeyOf(row) : null;
}

/** An owner's own, the oldest first. */
export async function listPasskeys(store: Store, owner: PasskeyOwner): Promise<Passkey[]> {
  const rows = await selectPasskeys(store).where('owner', '=', owner).orderBy('added_at').limit(50).execute();
  return rows.map(passkeyOf);
}

/** False where there is one with this id already, whoever's it is. */
export async function insertPasskey(
  store: Store,
  passkey: Omit<Passkey, 'addedAt' | 'usedAt'>,
): Promise<boolean> {
  const row = await store
    .insertInto('passkey.credential')
    .values({
      credential_id: passkey.credentialId,
      owner: passkey.owner,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports: [...passkey.transports],
      synced: passkey.synced,
      label: passkey.label,
      added_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('credential_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** False where the counter does not go up: two authenticators hold one key. One that never counts stays at 0. */
export async function countUse(store: Store, credentialId: Buffer, counter: number): Promise<boolean> {
  const row = await store
    .updateTable('passkey.credential')
    .set({ counter, used_at: now })
    .where('credential_id', '=', credentialId)
    .where((eb) =>
      eb.or([eb('counter', '<', counter), eb.and([eb('counter', '=', 0), eb.val(counter === 0)])]),
    )
    .returning('credential_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** False where the owner has no such passkey. */
export async function deletePasskey(
  store: Store,
  owner: PasskeyOwner,
  credentialId: Buffer,
): Promise<boolean> {
  const row = await store
    .deleteFrom('passkey.credential')
    .where('owner', '=', owner)
    .where('credential_id', '=', credentialId)
    .returning('credential_id')
    .executeTakeFirst();
  return row !== undefined;
}
