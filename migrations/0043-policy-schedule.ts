// Which policy set binds when. Of those in effect the one that was published last: what was published before it and had not
// begun to bind never does. The guard asks under the head lock, so no entry stands on a set that is no longer in force.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table policy.published
      add column place integer not null check (place >= 1),
      add column published_at timestamptz not null,
      add column weakens boolean not null,
      -- A set that was in force once may be published again.
      drop constraint published_pkey,
      add primary key (log_id, place),
      add check (effective_at >= published_at),
      -- Thirty days of notice, but for the first set and for one that only forbids more.
      add check (place = 1 or not weakens or effective_at >= published_at + interval '30 days');

    create index on policy.published (log_id, digest);

    create function policy.guard_current(p_log smallint, p_requests jsonb)
    returns table ("position" integer, reason text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare
      v_current text := (
        select p.digest from policy.published p
         where p.log_id = p_log and p.effective_at <= ledger.now()
         order by p.place desc limit 1);
    begin
      return query
        select (r.value ->> 'position')::integer, 'policy_changed'
          from jsonb_array_elements(p_requests) r
         where (r.value -> 'args' ->> 'digest') is distinct from v_current;
    end $$;
    revoke all on function policy.guard_current(smallint, jsonb) from public;
    insert into ledger.guard (name, function) values ('policy-current', 'policy.guard_current')`.execute(db);
}
