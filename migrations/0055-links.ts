// Links: what ties a household to a meter point, proven by a code posted there, for a year. Several households may live at
// one meter point at the same time, each private from the others; whoever comes later needs such a code.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await links(db);
  await codes(db);
  await tenancies(db);
  await erasing(db);
  await sql`
  revoke all on function household.count_home(), household.erase_links(smallint, text) from public;
  grant select, insert on household.link, household.activation_code to stabledoor_app;
  grant delete on household.activation_code to stabledoor_app;
  grant update (proven_at, lapses_at, proven_by, ended_at) on household.link to stabledoor_app;
  grant update (spent_at, spent_by) on household.activation_code to stabledoor_app`.execute(db);
}

const links = (db: Kysely<unknown>) =>
  sql`
  create table household.link (
    meter_point_id text not null references household.meter_point,
    household_id text not null references household.household,
    -- How it was proven last: by a code posted there, or by the operator's own check.
    proven_by text not null check (proven_by in ('code', 'operator')),
    proven_at timestamptz not null,
    lapses_at timestamptz not null check (lapses_at > proven_at),
    ended_at timestamptz,
    primary key (meter_point_id, household_id)
  );
  create index on household.link (household_id);
  create index link_due on household.link (lapses_at) where ended_at is null;
  -- How many households were ever linked: it stays when one of them is erased.
  alter table household.meter_point add column homes_ever integer not null default 0 check (homes_ever >= 0);
  create function household.count_home() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    update household.meter_point set homes_ever = homes_ever + 1 where meter_point_id = new.meter_point_id;
    return null;
  end $$;
  create trigger home_counted after insert on household.link
    for each row execute function household.count_home()`.execute(db);

const codes = (db: Kysely<unknown>) =>
  sql`
  -- 80 random bits, kept as their hash alone.
  create table household.activation_code (
    code_hash bytea primary key check (octet_length(code_hash) = 32),
    meter_point_id text not null references household.meter_point,
    -- For whom it was asked; null: for whoever gets the letter.
    household_id text references household.household,
    -- The first local day that is theirs; null: the day on which it is entered.
    from_date date,
    made_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > made_at),
    spent_at timestamptz,
    spent_by text references household.household,
    check ((spent_at is null) = (spent_by is null))
  );
  create index on household.activation_code (meter_point_id);
  create index on household.activation_code (household_id);
  create index on household.activation_code (spent_by);
  create index on household.activation_code (expires_at)`.execute(db);

const tenancies = (db: Kysely<unknown>) =>
  sql`
  alter table household.tenancy drop constraint tenancy_pkey;
  alter table household.tenancy add primary key (meter_point_id, household_id, from_date);
  drop index household.tenancy_current;
  create unique index tenancy_current on household.tenancy (meter_point_id, household_id) where until_date is null;
  create or replace function household.refuse_overlap() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    -- One change of a meter point's tenancies at a time, or two would each miss the other's.
    perform 1 from household.meter_point m where m.meter_point_id = new.meter_point_id for no key update;
    if exists (
      select from household.tenancy t
      where t.meter_point_id = new.meter_point_id
        and daterange(t.from_date, t.until_date) && daterange(new.from_date, new.until_date)
        and (t.household_id <> new.household_id or t.from_date <> new.from_date)
        and (t.household_id = new.household_id or not exists (
          select from household.link l where l.meter_point_id = new.meter_point_id
            and l.household_id in (new.household_id, t.household_id) and l.proven_by = 'code'))) then
      raise exception 'household: two tenancies of one meter point overlap' using errcode = '23P01';
    end if;
    return new;
  end $$`.execute(db);

// Before the tenancies and the household go. A meter point stays while somebody else's tenancy is there.
const erasing = (db: Kysely<unknown>) =>
  sql`
  create function household.erase_links(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_points text[];
  begin
    select coalesce(array_agg(t.meter_point_id), '{}') into v_points
      from household.tenancy t where t.household_id = p_household;
    delete from household.link where household_id = p_household;
    delete from household.activation_code where household_id = p_household or spent_by = p_household;
    delete from household.activation_code a where a.meter_point_id = any (v_points)
      and not exists (select from household.tenancy t
        where t.meter_point_id = a.meter_point_id and t.household_id <> p_household);
  end $$;
  insert into subject.eraser (place, function) values (28, 'household.erase_links')`.execute(db);
