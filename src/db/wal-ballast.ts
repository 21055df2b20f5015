// Fills the disk that the write-ahead log stands on, for a drill on a disk made for it: never call it on any other.
import { sql } from 'kysely';
import { openDatabase } from './database.ts';

/** Returns once the server has given up, or false if that much did not fill the disk. */
export async function fillWal(url: string, megabytes: number): Promise<boolean> {
  const db = openDatabase<unknown>({ url, maxConnections: 1 });
  try {
    for (let written = 0; written < megabytes; written++)
      await sql`select pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))`.execute(db);
    return false;
  } catch {
    return true;
  } finally {
    await db.destroy();
  }
}
