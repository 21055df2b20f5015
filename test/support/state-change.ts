// A state change as a room makes one: it updates its row first, and appends in the same transaction as its last call.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Receipt } from '../../src/ledger/ledger.ts';
import { newRequestId } from '../../src/lib/ids.ts';
import type { TestDatabases } from './database.ts';
import type { TestLedger } from './ledger.ts';

export interface ChangingRow {
  /** Raises the row's number by one, with an entry of it; or neither. */
  change(): Promise<Receipt>;
  value(): Promise<number>;
}

/** A table of the test's own, so that no room's rules get in the way. */
export async function changingRows(
  databases: TestDatabases,
  ledger: TestLedger,
  count: number,
): Promise<ChangingRow[]> {
  const owner = databases.owner as unknown as Kysely<unknown>;
  await sql`
    create schema changing;
    create table changing.row (id int primary key, value int not null);
    insert into changing.row select i, 0 from generate_series(0, ${sql.lit(count)} - 1) i;
    grant usage on schema changing to stabledoor_app;
    grant select, update on changing.row to stabledoor_app`.execute(owner);
  const household = await ledger.household();
  return Array.from({ length: count }, (_, id) => ({
    change: () =>
      databases.app.transaction().execute(async (tx) => {
        await sql`update changing.row set value = value + 1 where id = ${id}`.execute(tx);
        const [receipt] = await ledger.appendWithin(tx, [linked(household)]);
        return receipt as Receipt;
      }),
    async value() {
      const { rows } = await sql<{ value: number }>`select value from changing.row where id = ${id}`.execute(
        databases.app,
      );
      return rows[0]?.value ?? -1;
    },
  }));
}

/** The plainest entry of a household. */
export const linked = (householdId: Awaited<ReturnType<TestLedger['household']>>) => ({
  req: newRequestId(),
  householdId,
  body: { kind: 'meter-point.linked', actor: 'operator' } as const,
  personal: { meter_point: randomBytes(6).toString('hex') },
});
