// Guards of the test's own: one that lets a thing be used once, and one that breaks down.
import { type Kysely, sql } from 'kysely';
import type { TestDatabases } from './database.ts';

/** `trial-once` {thing} fails with `used` from the second time on; `trial-broken` {} raises an error. */
export async function trialGuards({ owner }: TestDatabases): Promise<void> {
  await sql`
    create schema trial;
    create table trial.used (thing text primary key);
    create function trial.guard_once(p_log smallint, p_requests jsonb) returns table ("position" int, reason text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      return query
        with asked as (
          select (r.value ->> 'position')::int as place, r.value -> 'args' ->> 'thing' as thing
            from jsonb_array_elements(p_requests) r
        ), first as (
          select a.thing, min(a.place) as place from asked a group by a.thing
        ), spent as (
          insert into trial.used (thing) select f.thing from first f on conflict do nothing returning thing
        )
        select a.place, 'used' from asked a
          where not exists (select from first f join spent s using (thing) where f.place = a.place and f.thing = a.thing);
    end $$;
    create function trial.guard_broken(p_log smallint, p_requests jsonb) returns table ("position" int, reason text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    begin
      raise exception 'the guard breaks down';
    end $$;
    insert into ledger.guard (name, function)
      values ('trial-once', 'trial.guard_once'), ('trial-broken', 'trial.guard_broken')`.execute(
    owner as unknown as Kysely<unknown>,
  );
}

export async function usedThings({ owner }: TestDatabases): Promise<string[]> {
  const { rows } = await sql<{ thing: string }>`select thing from trial.used order by thing`.execute(owner);
  return rows.map(({ thing }) => thing);
}
