// The likenesses of third parties' names, so that a name which can be taken for a registered one is found by its index.
// A third party is never deleted, and so neither is its likeness: a suspended company's name is not free.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table registry.name_likeness (
      likeness text not null check (length(likeness) between 1 and 400),
      client_id text not null references registry.third_party,
      primary key (likeness, client_id)
    );
    grant select, insert on registry.name_likeness to stabledoor_app`.execute(db);
}
