// Finds the notices that have waited too long without looking at the others.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index notice_old on notify.notice (happened_at) where outcome is null`.execute(db);
}
