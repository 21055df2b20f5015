// Tables as they are after years, and how much of them a statement walks through: a cost that grows with a table is not seen
// while a test has three rows.
import { type Kysely, sql, type Transaction } from 'kysely';

/**
 * That many copies of one row of a table, each with another name: `change` is SQL of pairs for jsonb_build_object, in which n
 * counts from 1.
 */
export async function multiply(
  owner: Kysely<never>,
  table: string,
  change: string,
  many: number,
): Promise<void> {
  await sql`insert into ${sql.table(table)}
    select (jsonb_populate_record(one.row, jsonb_build_object(${sql.raw(change)}))).*
      from (select t as row from ${sql.table(table)} t limit 1) one, generate_series(1, ${many}) n`.execute(
    owner,
  );
}

/** SQL of a name of that kind, and of the hash of n. */
export const nameOf = (prefix: string) => `'${prefix}_' || lpad(n::text, 22, '0')`;
export const hashOf = `'\\x' || encode(sha256(n::text::bytea), 'hex')`;

/** Rows that were read in this transaction by walking through whole tables. */
export async function rowsWalked(tx: Transaction<never>): Promise<number> {
  const { rows } = await sql<{ rows: number }>`
    select coalesce(sum(seq_tup_read), 0)::int as rows from pg_stat_xact_user_tables`.execute(tx);
  return rows[0]?.rows ?? 0;
}
