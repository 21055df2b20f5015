// Checkpoints with the cosignatures of witnesses. They are the log's own stored checkpoints with lines added, and
// nothing else: the function compares, so that what is published as witnessed is what was signed with a batch.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  create table ledger.witnessed (
    log_id smallint not null,
    size bigint not null,
    note text not null check (length(note) between 1 and 100000),
    witnessed_at timestamptz not null,
    primary key (log_id, size)
  );

  -- A checkpoint is witnessed anew when the log stands still, so that monitors see that it is alive.
  create function ledger.put_witnessed(p_log smallint, p_size bigint, p_note text) returns void language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_note text;
  begin
    select c.note into v_note from ledger.checkpoint c where c.log_id = p_log and c.size = p_size;
    if not found or left(p_note, length(v_note)) <> v_note
       or substr(p_note, length(v_note) + 1) !~ '^(— [^ \\n]+ [A-Za-z0-9+/]+=*\\n)+$' then
      raise exception 'ledger: these cosignatures are not of the checkpoint of %', p_size using errcode = 'SD003';
    end if;
    insert into ledger.witnessed (log_id, size, note, witnessed_at) values (p_log, p_size, p_note, ledger.now())
      on conflict (log_id, size) do update set note = excluded.note, witnessed_at = excluded.witnessed_at;
  end $$;

  revoke all on function ledger.put_witnessed(smallint, bigint, text) from public;
  grant execute on function ledger.put_witnessed(smallint, bigint, text) to stabledoor_app;
  grant select on ledger.witnessed to stabledoor_app, stabledoor_audit`.execute(db);
}
