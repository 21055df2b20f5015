// Erasing a household: its last entry closes its chain, then every room deletes its own rows by a function it names here,
// and nothing ties the entries together any more. The rows can be deleted only once the ledger says that they are.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await closing(db);
  await erasers(db);
  await erasing(db);
  await rights(db);
}

const tables = (db: Kysely<unknown>) =>
  sql`
  -- A request to be erased, until it is done.
  create table household.erasure (
    household_id text primary key check (household_id ~ '^household_[A-Za-z0-9_-]{22}$'),
    asked_by text not null check (asked_by in ('householder', 'operator')),
    asked_at timestamptz not null,
    due_at timestamptz not null check (due_at >= asked_at)
  );
  create index on household.erasure (due_at);
  -- Where each room says how its rows go; in this order, for the sake of references.
  create table subject.eraser (place smallint primary key, function text not null)`.execute(db);

const closing = (db: Kysely<unknown>) =>
  sql`
  create function subject.close(p_log smallint, p_household text, p_req uuid) returns boolean language sql
  security definer set search_path = pg_catalog, pg_temp as $$
    insert into subject.closed (log_id, household_id, req) values (p_log, p_household, p_req)
      on conflict do nothing returning true;
  $$;`.execute(db);

const erasers = (db: Kysely<unknown>) =>
  sql`
  create function oauth.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_grants text[];
  begin
    select coalesce(array_agg(g.grant_id), '{}') into v_grants from oauth.grant g
      join consent.consent c on c.consent_id = g.consent_id
      where c.log_id = p_log and c.household_id = p_household;
    delete from oauth.authorization_code where grant_id = any (v_grants);
    delete from oauth.refresh_token where grant_id = any (v_grants);
    delete from oauth.grant where grant_id = any (v_grants);
  end $$;
  create function consent.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_consents text[];
  begin
    select coalesce(array_agg(c.consent_id), '{}') into v_consents from consent.consent c
      where c.log_id = p_log and c.household_id = p_household;
    delete from consent.single_read where log_id = p_log and consent_id = any (v_consents);
    delete from consent.meter_ref where log_id = p_log and consent_id = any (v_consents);
    delete from consent.step where log_id = p_log and consent_id = any (v_consents);
    delete from consent.terms where log_id = p_log and consent_id = any (v_consents);
    delete from consent.consent where log_id = p_log and consent_id = any (v_consents);
  end $$;
  create function household.erase_household(p_log smallint, p_household text) returns void language plpgsql
  set search_path = pg_catalog, pg_temp as $$
  declare v_occupiers text[]; v_points text[];
  begin
    select coalesce(array_agg(o.occupier_id), '{}') into v_occupiers
      from household.occupier o where o.household_id = p_household;
    select coalesce(array_agg(t.meter_point_id), '{}') into v_points
      from household.tenancy t where t.household_id = p_household;
    delete from household.session where occupier_id = any (v_occupiers);
    delete from household.sign_in where occupier_id = any (v_occupiers);
    delete from household.tenancy where household_id = p_household;
    -- A meter point that somebody else lived at is theirs as well.
    delete from household.meter_point m where m.meter_point_id = any (v_points)
      and not exists (select from household.tenancy t where t.meter_point_id = m.meter_point_id);
    delete from household.occupier where household_id = p_household;
    delete from household.household where household_id = p_household;
  end $$;
  insert into subject.eraser (place, function) values
    (10, 'oauth.erase_household'), (20, 'consent.erase_household'), (30, 'household.erase_household')`.execute(
    db,
  );

const erasing = (db: Kysely<unknown>) =>
  sql`
  create function subject.erase(p_log smallint, p_household text) returns void language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  declare v_eraser record;
  begin
    if not exists (select from subject.closed c join ledger.request r on r.log_id = c.log_id and r.req = c.req
      where c.log_id = p_log and c.household_id = p_household) then
      raise exception 'subject: the ledger does not say that this household is erased' using errcode = 'SD006';
    end if;
    for v_eraser in select e.function from subject.eraser e order by e.place loop
      execute format('select %s($1, $2)', v_eraser.function) using p_log, p_household;
    end loop;
    delete from subject.entry where log_id = p_log and household_id = p_household;
    delete from subject.chain where log_id = p_log and household_id = p_household;
  end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
  revoke all on all functions in schema subject from public;
  revoke all on function oauth.erase_household(smallint, text), consent.erase_household(smallint, text),
    household.erase_household(smallint, text) from public;
  grant execute on function subject.close(smallint, text, uuid), subject.erase(smallint, text) to stabledoor_app;
  grant select on subject.closed, subject.eraser to stabledoor_app;
  grant select, insert, delete on household.erasure to stabledoor_app`.execute(db);
