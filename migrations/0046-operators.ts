// Operators, their keys, and what one proposes and another approves. The database itself refuses that anybody approves their
// own proposal in production, that one is decided twice or too late, and that what was proposed is changed.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await people(db);
  await proposals(db);
  await guards(db);
  await erasing(db);
  await rights(db);
}

const people = (db: Kysely<unknown>) =>
  sql`
    create schema operator;
    -- proposal_id: by what an operator was added; null for those that a log begins with, and outside production.
    create table operator.operator (
      operator_id text primary key check (operator_id ~ '^operator_[A-Za-z0-9_-]{22}$'),
      name text not null check (length(name) between 1 and 120),
      role text not null check (role ~ '^[a-z]{1,40}$'),
      added_at timestamptz not null,
      proposal_id text,
      removed_at timestamptz,
      removal_id text
    );
    create unique index on operator.operator (lower(name)) where removed_at is null;
    -- A key is one person's for ever: named by its thumbprint, so that nobody is two with one key.
    create table operator.credential (
      credential_id text primary key check (credential_id ~ '^[A-Za-z0-9_-]{43}$'),
      operator_id text not null references operator.operator,
      kept_in text not null check (kept_in in ('file', 'passkey')),
      public_key text not null check (length(public_key) between 1 and 1024),
      passkey_id text unique check (length(passkey_id) between 1 and 1400),
      added_at timestamptz not null,
      check ((kept_in = 'passkey') = (passkey_id is not null))
    );
    create index on operator.credential (operator_id);
    create table operator.joining_code (
      code_hash bytea primary key check (octet_length(code_hash) = 32),
      made_at timestamptz not null,
      expires_at timestamptz not null,
      tries integer not null default 0,
      used_at timestamptz
    )`.execute(db);

const proposals = (db: Kysely<unknown>) =>
  sql`
    -- digest: base64 of the SHA-256 over salt and payload. payload and salt are null once the household is erased.
    create table operator.proposal (
      proposal_id text primary key check (proposal_id ~ '^proposal_[A-Za-z0-9_-]{22}$'),
      act text not null check (act ~ '^[a-z][a-z-]{0,63}$'),
      payload text check (length(payload) between 2 and 2500000),
      salt bytea check (octet_length(salt) = 32),
      digest text not null check (length(digest) = 44),
      household_id text,
      proposed_by text not null references operator.operator,
      proposed_at timestamptz not null,
      expires_at timestamptz not null check (expires_at > proposed_at and expires_at <= proposed_at + interval '7 days'),
      status text not null default 'open' check (status in ('open', 'approved', 'done', 'declined')),
      decided_by text references operator.operator,
      decided_at timestamptz,
      fault text check (length(fault) between 1 and 1000),
      check ((status = 'open') = (decided_by is null) and (status = 'open') = (decided_at is null)),
      check ((payload is null) = (salt is null))
    );
    create index on operator.proposal (proposed_at);
    create index on operator.proposal (household_id) where household_id is not null`.execute(db);

const guards = (db: Kysely<unknown>) =>
  sql`
    create function operator.is_production() returns boolean language sql stable
    set search_path = pg_catalog, pg_temp as $$
      select exists (select from ledger.log where mode = 'production');
    $$;
    create function operator.check_decision() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if (old.status, new.status) not in (('open', 'open'), ('open', 'approved'), ('open', 'done'), ('open', 'declined'),
          ('approved', 'approved'), ('approved', 'done'), ('done', 'done'), ('declined', 'declined')) then
        raise exception 'operator: a proposal that is % does not become %', old.status, new.status using errcode = 'SD010';
      end if;
      if old.decided_by is not null and (new.decided_by, new.decided_at) is distinct from (old.decided_by, old.decided_at) then
        raise exception 'operator: it is decided' using errcode = 'SD010';
      end if;
      if old.status = 'open' and new.status in ('approved', 'done') then
        if old.expires_at <= ledger.now() then
          raise exception 'operator: the proposal has expired' using errcode = 'SD011';
        end if;
        if operator.is_production() and new.decided_by = old.proposed_by then
          raise exception 'operator: nobody approves what they proposed' using errcode = 'SD012';
        end if;
        if exists (select from operator.operator o where o.operator_id in (old.proposed_by, new.decided_by)
            and o.removed_at is not null) then
          raise exception 'operator: one of the two is no operator any more' using errcode = 'SD013';
        end if;
      end if;
      return new;
    end $$;
    create trigger decided_once before update on operator.proposal
      for each row execute function operator.check_decision();

    -- The first two come by a code; every other, and every removal, by a proposal that was approved.
    create function operator.check_membership() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if not operator.is_production() then return new; end if;
      if tg_op = 'INSERT' then
        -- One at a time: side by side, each would count none of the others.
        perform pg_advisory_xact_lock(7353046);
        if new.proposal_id is null and (select count(*) from operator.operator) >= 2
           or new.proposal_id is not null and not operator.is_approved(new.proposal_id, 'operator-add') then
          raise exception 'operator: two operators add another' using errcode = 'SD014';
        end if;
      elsif new.removed_at is distinct from old.removed_at
            and (old.removed_at is not null or not operator.is_approved(new.removal_id, 'operator-remove')) then
        raise exception 'operator: two operators remove another' using errcode = 'SD014';
      end if;
      return new;
    end $$;
    create function operator.is_approved(p_proposal text, p_act text) returns boolean language sql stable
    security definer set search_path = pg_catalog, pg_temp as $$
      select coalesce(p_proposal is not null and exists (select from operator.proposal p
        where p.proposal_id = p_proposal and p.act = p_act and p.status in ('approved', 'done')), false);
    $$;
    create trigger two_decide before insert or update on operator.operator
      for each row execute function operator.check_membership()`.execute(db);

/** What was proposed about a household goes with it: its digest is salted, and says nothing then. */
const erasing = (db: Kysely<unknown>) =>
  sql`
    create function operator.erase_household(p_log smallint, p_household text) returns void language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    begin
      update operator.proposal set payload = null, salt = null, household_id = null,
        status = case status when 'approved' then 'done' else status end where household_id = p_household;
    end $$;
    insert into subject.eraser (place, function) values (40, 'operator.erase_household')`.execute(db);

const rights = (db: Kysely<unknown>) =>
  sql`
    revoke all on all functions in schema operator from public;
    grant usage on schema operator to stabledoor_app, stabledoor_audit;
    grant execute on function operator.is_production() to stabledoor_app;
    grant select, insert on operator.operator, operator.credential to stabledoor_app;
    grant update (removed_at, removal_id) on operator.operator to stabledoor_app;
    -- Whose signature stands in an entry, for whoever checks the ledger.
    grant select on operator.operator, operator.credential to stabledoor_audit;
    grant select, insert on operator.joining_code to stabledoor_app;
    grant update (tries, used_at) on operator.joining_code to stabledoor_app;
    grant select on operator.proposal to stabledoor_app;
    grant insert (proposal_id, act, payload, salt, digest, household_id, proposed_by, proposed_at, expires_at)
      on operator.proposal to stabledoor_app;
    grant update (status, decided_by, decided_at, fault) on operator.proposal to stabledoor_app`.execute(db);
