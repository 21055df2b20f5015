// Sets a log back as an old backup would: entries, checkpoints, head and all agree, and the newest ones are gone.
import { type Kysely, sql } from 'kysely';
import { pushLeaf } from '../../src/ledger/merkle.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';

/** `db` is a superuser's. Leaves stored tile hashes alone, so keep to logs of fewer than 256 entries. */
export async function setBack(db: Kysely<unknown>, logId: number, size: number): Promise<void> {
  const { rows } = await sql<{ leaf: Buffer; entry: Buffer }>`
    select leaf, entry from ledger.entry where log_id = ${logId} and idx < ${size} order by idx`.execute(db);
  const frontier: Uint8Array[] = [];
  rows.forEach(({ leaf }, i) => {
    pushLeaf(frontier, i, leaf, sha256);
  });
  const last = rows.at(-1);
  const lastMs = Number(/\ntime (\d+)\n/.exec(last?.entry.toString() ?? '')?.[1]);
  await (db.isTransaction ? change(db) : db.transaction().execute(change));

  async function change(tx: Kysely<unknown>): Promise<void> {
    const tables = ['ledger.entry', 'ledger.entry_0', 'ledger.checkpoint'];
    for (const table of tables) await sql.raw(`alter table ${table} disable trigger user`).execute(tx);
    await sql`delete from ledger.entry where log_id = ${logId} and idx >= ${size}`.execute(tx);
    await sql`delete from ledger.checkpoint where log_id = ${logId} and size > ${size}`.execute(tx);
    await sql`delete from ledger.witnessed where log_id = ${logId} and size > ${size}`.execute(tx);
    await sql`delete from ledger.request where log_id = ${logId} and idx >= ${size}`.execute(tx);
    for (const table of tables)
      await sql.raw(`alter table ${table} enable always trigger never_changed`).execute(tx);
    for (const table of tables)
      await sql.raw(`alter table ${table} enable always trigger never_truncated`).execute(tx);
    await sql`update ledger.head set size = ${size}, tip = ${last?.leaf}, frontier = ${frontier}, last_ms = ${lastMs}
      where log_id = ${logId}`.execute(tx);
  }
}
