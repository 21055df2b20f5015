// Entries in partitions by idx, so that a log of any length stays quick to write and to prune, and triggers that refuse
// every change to one. The application never had the right; these are for the owner's mistakes, and for whoever sets
// session_replication_role. A superuser who means it gets through, and verification, a witness or a kept checkpoint tells.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await refusal(db);
  await partitions(db);
  await growth(db);
  await checks(db);
  await rights(db);
}

/** SD005. ENABLE ALWAYS: an ordinary trigger sleeps while session_replication_role is replica. */
const refusal = (db: Kysely<unknown>) =>
  sql`
  create function ledger.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    raise exception 'ledger: % of % is refused: what is written stays', tg_op, tg_relid::regclass using errcode = 'SD005';
  end $$;
  create trigger never_changed before update or delete on ledger.checkpoint for each row
    execute function ledger.refuse_change();
  create trigger never_truncated before truncate on ledger.checkpoint execute function ledger.refuse_change();
  alter table ledger.checkpoint enable always trigger never_changed;
  alter table ledger.checkpoint enable always trigger never_truncated`.execute(db);

/** The table that was becomes the first partition: no entry is copied. */
const partitions = (db: Kysely<unknown>) =>
  sql`
  -- 2^22 entries, some 3 GB, a partition. What is listed here must be attached: a DETACH makes rows vanish.
  create table ledger.entry_partition (
    name text primary key,
    first_idx bigint not null unique,
    end_idx bigint not null check (end_idx > first_idx)
  );
  alter table ledger.entry rename to entry_0;
  alter index ledger.entry_pkey rename to entry_0_pkey;
  alter table ledger.entry_0 add constraint entry_0_range check (idx >= 0 and idx < 4194304);
  create table ledger.entry (
    log_id smallint not null,
    idx bigint not null,
    leaf bytea not null constraint entry_leaf_check check (octet_length(leaf) = 32),
    entry bytea not null constraint entry_entry_check check (octet_length(entry) between 1 and 65535),
    primary key (log_id, idx)
  ) partition by range (idx);
  alter table ledger.entry attach partition ledger.entry_0 for values from (0) to (4194304);
  insert into ledger.entry_partition (name, first_idx, end_idx) values ('entry_0', 0, 4194304);
  create trigger never_changed before update or delete on ledger.entry for each row
    execute function ledger.refuse_change();
  create trigger never_truncated before truncate on ledger.entry execute function ledger.refuse_change();
  alter table ledger.entry enable always trigger never_changed;
  alter table ledger.entry enable always trigger never_truncated;

  -- A trigger on TRUNCATE is not inherited, so each partition has its own; nor, before 15, is ENABLE ALWAYS.
  create function ledger.guard_partition(p_name text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    execute format('create trigger never_truncated before truncate on ledger.%I execute function ledger.refuse_change()',
      p_name);
    execute format('alter table ledger.%I enable always trigger never_truncated', p_name);
    execute format('alter table ledger.%I enable always trigger never_changed', p_name);
  end $$;
  select ledger.guard_partition('entry_0')`.execute(db);

/** Half a partition ahead, in the transaction that gets that far. ATTACH locks out neither readers nor writers. */
const growth = (db: Kysely<unknown>) =>
  sql`
  create function ledger.add_partition(p_first bigint) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_end bigint := p_first + 4194304; v_name text := 'entry_' || p_first / 4194304;
  begin
    if exists (select from ledger.entry_partition p where p.first_idx = p_first) then return; end if;
    execute format('create table ledger.%I (like ledger.entry including all)', v_name);
    execute format('alter table ledger.%I add constraint %I check (idx >= %s and idx < %s)',
      v_name, v_name || '_range', p_first, v_end);
    execute format('alter table ledger.entry attach partition ledger.%I for values from (%s) to (%s)',
      v_name, p_first, v_end);
    perform ledger.guard_partition(v_name);
    execute format('grant select on ledger.%I to stabledoor_app, stabledoor_audit', v_name);
    insert into ledger.entry_partition (name, first_idx, end_idx) values (v_name, p_first, v_end);
  end $$;
  create function ledger.room_ahead() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    perform ledger.add_partition((new.size / 4194304 + 1) * 4194304);
    return null;
  end $$;
  create trigger room_ahead after update of size on ledger.head for each row
    when (old.size / 2097152 <> new.size / 2097152) execute function ledger.room_ahead()`.execute(db);

/** Null when the table is whole, else what is not: asked at every start, because an owner can do all of it. */
const checks = (db: Kysely<unknown>) =>
  sql`
  create function ledger.find_damage(p_log smallint) returns text language plpgsql stable
  set search_path = pg_catalog, pg_temp as $$
  declare v_size bigint; v_last bigint; v_found text;
  begin
    select string_agg(p.name, ', ' order by p.first_idx) into v_found from ledger.entry_partition p
      where not exists (select from pg_inherits i
        where i.inhparent = 'ledger.entry'::regclass and i.inhrelid = to_regclass(format('ledger.%I', p.name)));
    if v_found is not null then return 'the partitions ' || v_found || ' are not attached'; end if;
    select string_agg(c.relname || '.' || t.tgname, ', ' order by c.relname, t.tgname) into v_found
      from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = 'ledger'::regnamespace and t.tgname in ('never_changed', 'never_truncated')
        and t.tgenabled <> 'A';
    if v_found is not null then return 'the triggers ' || v_found || ' are not always on'; end if;
    if (select count(*) from pg_trigger t where t.tgname = 'never_truncated' and not t.tgisinternal)
       < 2 + (select count(*) from ledger.entry_partition) then
      return 'a partition or table can be truncated';
    end if;
    select h.size into v_size from ledger.head h where h.log_id = p_log;
    select max(e.idx) into v_last from ledger.entry e where e.log_id = p_log;
    if coalesce(v_last + 1, 0) <> coalesce(v_size, 0) then
      return format('the head says %s entries and the last one is %s', coalesce(v_size, 0), coalesce(v_last, -1));
    end if;
    return null;
  end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on function ledger.refuse_change(), ledger.guard_partition(text), ledger.add_partition(bigint),
    ledger.room_ahead(), ledger.find_damage(smallint) from public;
  grant execute on function ledger.find_damage(smallint) to stabledoor_app, stabledoor_audit;
  grant select on ledger.entry, ledger.entry_partition to stabledoor_app, stabledoor_audit`.execute(db);
