// Reads without a consent. A supply says that a third party supplies a household at a meter point, and what the household refuses
// of what that allows. A lawful order names meter points; until its day nobody who lives there is told.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create schema lawful`.execute(db);
  await supplies(db);
  await orders(db);
  await guards(db);
  await erasing(db);
  await closing(db);
  await rights(db);
}

const supplies = (db: Kysely<unknown>) =>
  sql`
  create table lawful.supply (
    supply_id text primary key check (supply_id ~ '^supply_[A-Za-z0-9_-]{22}$'),
    log_id smallint not null,
    household_id text not null references household.household,
    meter_point_id text not null references household.meter_point,
    client_id text not null references registry.third_party,
    -- What the third party knows the meter point by, here and nowhere else.
    meter_ref text not null unique check (meter_ref ~ '^mp_[A-Za-z0-9_-]{22}$'),
    -- The first local day that is supplied.
    from_date date not null,
    recorded_at timestamptz not null,
    ended_at timestamptz,
    -- The first local day that is not.
    until_date date check (until_date > from_date),
    opted_out text[] not null default '{}' check (opted_out <@ array['forecasting', 'service', 'settlement']),
    check ((ended_at is null) = (until_date is null))
  );
  create unique index supply_current on lawful.supply (meter_point_id, household_id, client_id) where ended_at is null;
  create index on lawful.supply (household_id);
  create index on lawful.supply (client_id, supply_id)`.execute(db);

const orders = (db: Kysely<unknown>) =>
  sql`
  create table lawful.lawful_order (
    order_id text primary key check (order_id ~ '^order_[A-Za-z0-9_-]{22}$'),
    log_id smallint not null,
    client_id text not null references registry.third_party,
    instrument text not null check (instrument in ('court-order', 'statutory-notice')),
    -- Which court or act and section, and its number.
    authority text not null check (length(authority) between 1 and 200),
    reference text not null check (length(reference) between 1 and 200),
    resolution text not null check (resolution in ('P1M', 'P1D', 'PT30M')),
    registers text[] not null check (registers <@ array['import', 'export', 'generation'] and cardinality(registers) between 1 and 3),
    from_date date not null,
    to_date date not null check (to_date > from_date),
    expires_at timestamptz not null,
    opens_at timestamptz not null,
    recorded_at timestamptz not null,
    proposal_id text references operator.proposal,
    -- Of a log that was set back: it is told in the log that goes on, and read by no more.
    carried boolean not null default false,
    -- Entries of its own chain of which those whom they concern have been told; null: they have been told nothing.
    told integer check (told >= 0)
  );
  create table lawful.order_point (
    meter_ref text primary key check (meter_ref ~ '^mp_[A-Za-z0-9_-]{22}$'),
    order_id text not null references lawful.lawful_order,
    -- By its number and not by our id: the order stands when a household is erased that nobody may tell of it yet.
    mpan text not null check (mpan ~ '^[A-Za-z0-9._:-]{1,64}$'),
    unique (order_id, mpan)
  );
  create index on lawful.lawful_order (opens_at);
  create function lawful.check_order() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    perform operator.use(new.proposal_id, 'lawful-order', jsonb_build_object('order_id', new.order_id,
      'client_id', new.client_id, 'instrument', new.instrument, 'reference', new.reference, 'resolution', new.resolution,
      'registers', to_jsonb(new.registers), 'from', new.from_date, 'to', new.to_date));
    return new;
  end $$;
  create function lawful.check_points() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if (select count(*) from lawful.order_point p where p.order_id = new.order_id) > 10 then
      raise exception 'lawful: an order names at most ten meter points' using errcode = '23514';
    end if;
    -- No point is added to an order later: those that two operators approved came with it.
    if not exists (select from lawful.lawful_order o
                    where o.order_id = new.order_id and o.xmin = pg_current_xact_id()::xid) then
      raise exception 'lawful: the order stands as it was recorded' using errcode = '23514';
    end if;
    return new;
  end $$;
  create trigger two_decide before insert on lawful.lawful_order for each row execute function lawful.check_order();
  create trigger at_most_ten after insert on lawful.order_point for each row execute function lawful.check_points()`.execute(
    db,
  );

// Asked after the head lock: whoever opted out, or ended a supply, before this read's entry is obeyed by it.
const guards = (db: Kysely<unknown>) =>
  sql`
  create function lawful.guard_supply(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  begin
    return query
      select a.place, case when s.supply_id is null then 'right_not_in_force' else 'opted_out' end
        from (select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
                from jsonb_array_elements(p_requests) r) a
        left join lawful.supply s on s.supply_id = a.args ->> 'supply_id' and s.log_id = p_log and s.ended_at is null
         and s.meter_ref = a.args ->> 'meter_ref' and s.client_id = a.args ->> 'third_party'
       where s.supply_id is null
          or (a.args ->> 'purpose' = any (s.opted_out) and a.args ->> 'purpose' <> all (string_to_array(a.args ->> 'opted_out', ' ')));
  end $$;
  create function lawful.guard_order(p_log smallint, p_requests jsonb)
  returns table ("position" integer, reason text)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
  declare v_now timestamptz := ledger.now();
  begin
    return query
      select a.place, 'right_not_in_force'
        from (select (r.value ->> 'position')::integer as place, r.value -> 'args' as args
                from jsonb_array_elements(p_requests) r) a
       where not exists (
         select from lawful.lawful_order o join lawful.order_point p on p.order_id = o.order_id
          where o.order_id = a.args ->> 'order_id' and o.log_id = p_log and not o.carried and o.expires_at > v_now
            and p.meter_ref = a.args ->> 'meter_ref' and o.client_id = a.args ->> 'third_party');
  end $$;
  insert into ledger.guard (name, function) values
    ('supply-in-force', 'lawful.guard_supply'), ('order-in-force', 'lawful.guard_order')`.execute(db);

// A meter point of an order stays until those whom it concerns have been told and nothing can be read by it: a household that
// erases itself must not undo a court's order.
const erasing = (db: Kysely<unknown>) =>
  sql`
  create function lawful.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  begin
    delete from lawful.supply where household_id = p_household;
  end $$;
  create function lawful.forget_points(p_log smallint) returns void language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    delete from lawful.order_point p using lawful.lawful_order o
     where o.order_id = p.order_id and o.log_id = p_log and o.told is not null and o.expires_at <= ledger.now()
       and not exists (select from household.meter_point m where m.mpan = p.mpan);
  $$;
  insert into subject.eraser (place, function) values (27, 'lawful.erase_household')`.execute(db);

/** After a restore: what is supplied is recorded anew, and an order is told where the log goes on. */
const closing = (db: Kysely<unknown>) =>
  sql`
  create function lawful.close_log(p_log smallint, p_next smallint) returns void language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    update lawful.supply set ended_at = ledger.now(), until_date = greatest(from_date + 1, ledger.now()::date)
     where log_id = p_log and ended_at is null;
    update lawful.lawful_order set log_id = p_next, carried = true where log_id = p_log;
  $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on all functions in schema lawful from public;
  grant usage on schema lawful to stabledoor_app;
  grant select, insert on lawful.supply, lawful.lawful_order, lawful.order_point to stabledoor_app;
  grant update (ended_at, until_date, opted_out) on lawful.supply to stabledoor_app;
  grant update (told) on lawful.lawful_order to stabledoor_app;
  grant execute on function lawful.forget_points(smallint), lawful.close_log(smallint, smallint) to stabledoor_app`.execute(
    db,
  );
