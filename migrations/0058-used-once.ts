// What two operators approved is done once, in time, and exactly as both signed it. Every guard asks `operator.use`, which
// keeps that the proposal is used in the transaction of the act: of two at once one waits for the other and is refused.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await using(db);
  await people(db);
  await thirdParties(db);
  await erasure(db);
  await keys(db);
  await rights(db);
}

/** `p_what`: fields of the payload that must be just so, for what is done is read from nowhere else. */
const using = (db: Kysely<unknown>) =>
  sql`
    create table operator.used (
      proposal_id text primary key references operator.proposal,
      used_at timestamptz not null
    );
    create function operator.refuse(p_why text, p_code text) returns void language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    begin
      raise exception 'operator: this takes two operators: %', p_why using errcode = p_code;
    end $$;
    create function operator.use(p_proposal text, p_act text, p_what jsonb) returns void language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    declare v operator.proposal; v_payload jsonb;
    begin
      if p_proposal is null then
        if operator.is_production() then perform operator.refuse('no proposal is named', 'SD014'); end if;
        return;
      end if;
      select * into v from operator.proposal p where p.proposal_id = p_proposal for update;
      if v.act is distinct from p_act or v.status not in ('approved', 'done') then
        perform operator.refuse(format('%s is no approved proposal of %s', p_proposal, p_act), 'SD014');
      end if;
      if operator.is_production() and v.decided_by = v.proposed_by then
        perform operator.refuse('nobody approves what they proposed', 'SD012');
      end if;
      if v.decided_at >= v.expires_at or v.expires_at <= ledger.now() then
        perform operator.refuse('the proposal has expired', 'SD011');
      end if;
      -- What both signed is the digest.
      if v.payload is null
         or encode(sha256(v.salt || convert_to(v.payload, 'UTF8')), 'base64') is distinct from v.digest then
        perform operator.refuse('the proposal is not what was approved', 'SD016');
      end if;
      v_payload := v.payload::jsonb;
      if exists (select from jsonb_each(p_what) w where (v_payload -> w.key) is distinct from w.value) then
        perform operator.refuse('it is not what was approved', 'SD016');
      end if;
      insert into operator.used (proposal_id, used_at) values (p_proposal, ledger.now()) on conflict do nothing;
      if not found then perform operator.refuse('the proposal is used up', 'SD017'); end if;
    end $$`.execute(db);

const people = (db: Kysely<unknown>) =>
  sql`
    create or replace function operator.check_membership() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if tg_op = 'UPDATE' then
        if new.removed_at is distinct from old.removed_at then
          if old.removed_at is not null then perform operator.refuse('who was removed stays so', 'SD014'); end if;
          perform operator.use(new.removal_id, 'operator-remove', jsonb_build_object('operator', new.operator_id));
        end if;
        return new;
      end if;
      -- One at a time: side by side, each would count none of the others.
      perform pg_advisory_xact_lock(7353046);
      if new.proposal_id is null and (select count(*) from operator.operator) < 2 then return new; end if;
      perform operator.use(new.proposal_id, 'operator-add',
        jsonb_build_object('operator', new.operator_id, 'name', new.name, 'role', new.role));
      return new;
    end $$;
    -- The first key of whoever was let in is the one that both saw; a further one is theirs to add.
    create function operator.check_first_key() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    declare v_payload text;
    begin
      select p.payload into v_payload from operator.operator o join operator.proposal p on p.proposal_id = o.proposal_id
        where o.operator_id = new.operator_id
          and not exists (select from operator.credential c where c.operator_id = new.operator_id);
      if found and (v_payload::jsonb ->> 'key') is distinct from new.public_key then
        perform operator.refuse('it is not the key that was approved', 'SD016');
      end if;
      return new;
    end $$;
    create trigger first_as_approved before insert on operator.credential
      for each row execute function operator.check_first_key()`.execute(db);

const thirdParties = (db: Kysely<unknown>) =>
  sql`
    create or replace function registry.change_terms(p_proposal text, p_client text, p_class text, p_group text,
      p_purposes text[]) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform operator.use(p_proposal, 'third-party-change', jsonb_build_object('client_id', p_client,
        'after', jsonb_build_object('class', p_class, 'group', p_group, 'purposes', to_jsonb(p_purposes))));
      update registry.third_party set class = p_class, legal_group = p_group, purposes = p_purposes
        where client_id = p_client and status <> 'pending';
      return found;
    end $$;
    create or replace function registry.approve_note(p_proposal text, p_client text, p_name text, p_text text)
    returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform operator.use(p_proposal, 'note-approve',
        jsonb_build_object('client_id', p_client, 'name', p_name, 'text', p_text));
      if not exists (select from registry.third_party where client_id = p_client) then return false; end if;
      insert into registry.note (client_id, name, text) values (p_client, p_name, p_text)
        on conflict (client_id, name) do update set text = excluded.text;
      return true;
    end $$;
    -- By what it became active; null outside production, and where somebody whom the operator named vouched for it.
    alter table registry.third_party add column proposal_id text references operator.proposal;
    create or replace function registry.check_activation() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if old.status = 'pending' and new.status <> 'pending' then
        perform operator.use(new.proposal_id, 'third-party-register', jsonb_build_object('client_id', new.client_id,
          'name', new.name, 'class', new.class, 'group', new.legal_group, 'purposes', to_jsonb(new.purposes),
          'redirect_uris', to_jsonb(new.redirect_uris)));
      end if;
      return new;
    end $$`.execute(db);

const erasure = (db: Kysely<unknown>) =>
  sql`
    create or replace function household.check_erasure() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if new.asked_by <> 'operator' then return new; end if;
      -- At once only where that was approved: else the household has its week.
      perform operator.use(new.proposal_id, 'household-erase', jsonb_build_object('household_id', new.household_id)
        || case when new.due_at < ledger.now() + interval '6 days 23 hours' then '{"now": true}'::jsonb else '{}' end);
      return new;
    end $$`.execute(db);

const keys = (db: Kysely<unknown>) =>
  sql`
    drop function ledger.retire_key(smallint, text);
    -- Never the last one.
    create function ledger.retire_key(p_log smallint, p_key text, p_proposal text) returns void language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform operator.use(p_proposal, 'key-retire', jsonb_build_object('use', 'ledger', 'key', p_key));
      update ledger.log_key k set retired_at = ledger.now(), retired_in = pg_current_xact_id()
        where k.log_id = p_log and k.key = p_key and k.retired_at is null
          and exists (select from ledger.log_key o where o.log_id = p_log and o.key <> p_key and o.retired_at is null);
      if not found then
        raise exception 'ledger: the key % is not in force, or the only one', p_key using errcode = 'SD004';
      end if;
    end $$`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
    drop function operator.is_approved(text, text);
    revoke all on function operator.refuse(text, text), operator.use(text, text, jsonb), operator.check_first_key(),
      ledger.retire_key(smallint, text, text) from public;
    grant execute on function ledger.retire_key(smallint, text, text) to stabledoor_app;
    grant update (proposal_id) on registry.third_party to stabledoor_app`.execute(db);
