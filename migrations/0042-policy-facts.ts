// Facts that policies ask for: the number of an ethics approval, whether a meter is paid for beforehand, and quickly who
// else is in a legal group.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table registry.third_party
      add column ethics_number text check (length(ethics_number) between 1 and 40);
    create index on registry.third_party (legal_group);
    -- Null where nobody has said.
    alter table household.meter_point add column prepayment boolean`.execute(db);
}
