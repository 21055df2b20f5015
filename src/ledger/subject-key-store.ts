// One random key a household, kept in a database of its own. Deleting the row dissolves the household's chain.
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';

export interface SubjectKeyTables {
  'subject.key': { household_id: string; key: Buffer };
}
export type SubjectKeyDatabase = Kysely<SubjectKeyTables>;

export async function findKey(db: SubjectKeyDatabase, householdId: string): Promise<Uint8Array | null> {
  const row = await db
    .selectFrom('subject.key')
    .select('key')
    .where('household_id', '=', householdId)
    .executeTakeFirst();
  return row?.key ?? null;
}

/** Keeps the key that is there, if one is. */
export async function insertKey(db: SubjectKeyDatabase, householdId: string): Promise<void> {
  await db
    .insertInto('subject.key')
    .values({ household_id: householdId, key: randomBytes(32) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function deleteKey(db: SubjectKeyDatabase, householdId: string): Promise<void> {
  await db.deleteFrom('subject.key').where('household_id', '=', householdId).execute();
}

/** Those that there are, by household, as of now. */
export async function findKeys(
  db: SubjectKeyDatabase,
  householdIds: readonly string[],
): Promise<Map<string, Uint8Array>> {
  if (householdIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('subject.key')
    .select(['household_id', 'key'])
    .where('household_id', 'in', householdIds)
    .execute();
  return new Map(rows.map(({ household_id, key }) => [household_id, key]));
}
