// The outbox of withdrawal notices. A trigger writes the notice in the transaction that ends the consent or suspends the
// third party, whatever way that is done: no code path can forget it, and nobody but the trigger can write one.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await tables(db);
  await triggers(db);
  await sql`
    grant usage on schema notify to stabledoor_app, stabledoor_audit;
    grant select, insert, delete on notify.receiver to stabledoor_app;
    grant update (delivery, endpoint, webhook_secret, contact, changed_at) on notify.receiver to stabledoor_app;
    grant select on notify.notice to stabledoor_app;
    grant update (tries, due_at, outcome, settled_at, fault) on notify.notice to stabledoor_app;
    grant select (client_id, delivery, endpoint, contact, changed_at) on notify.receiver to stabledoor_audit`.execute(
    db,
  );
}

const tables = (db: Kysely<unknown>) =>
  sql`
    create schema notify;
    create table notify.receiver (
      client_id text primary key,
      delivery text not null check (delivery in ('push', 'poll')),
      endpoint text check (length(endpoint) <= 2000),
      -- For the headers of Standard Webhooks; what counts is the signature of the notice itself.
      webhook_secret bytea check (octet_length(webhook_secret) = 32),
      contact text check (length(contact) between 3 and 254),
      changed_at timestamptz not null,
      check ((delivery = 'push') = (endpoint is not null)),
      check ((delivery = 'push') = (webhook_secret is not null))
    );
    create table notify.notice (
      notice_id bigint generated always as identity primary key,
      jti uuid not null unique default gen_random_uuid(),
      client_id text not null,
      event text not null check (event in ('consent-over', 'access-suspended', 'access-restored')),
      -- A consent or a third party, by its random id. Who ended it, and how, is not here.
      subject text not null,
      happened_at timestamptz not null,
      tries smallint not null default 0,
      due_at timestamptz not null,
      outcome text check (outcome in ('delivered', 'refused', 'mailed', 'given-up')),
      settled_at timestamptz,
      fault text check (length(fault) between 1 and 300),
      check ((outcome is null) = (settled_at is null))
    );
    create index notice_due on notify.notice (client_id, due_at) where outcome is null;
    create index notice_waiting on notify.notice (client_id, notice_id) where outcome is null;
    create index notice_settled on notify.notice (settled_at) where outcome is not null`.execute(db);

const triggers = (db: Kysely<unknown>) =>
  sql`
    create function notify.write_notice(p_client text, p_event text, p_subject text) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as $$
      insert into notify.notice (client_id, event, subject, happened_at, due_at)
        select r.client_id, p_event, p_subject, n.now, n.now
          from notify.receiver r, (select ledger.now() as now) n where r.client_id = p_client
    $$;
    create function notify.consent_over() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform notify.write_notice(new.client_id, 'consent-over', new.consent_id);
      return null;
    end $$;
    create function notify.access_changed() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      perform notify.write_notice(new.client_id,
        case new.status when 'suspended' then 'access-suspended' else 'access-restored' end, new.client_id);
      return null;
    end $$;
    revoke all on function notify.write_notice(text, text, text), notify.consent_over(), notify.access_changed() from public;
    create trigger consent_over after update of state on consent.consent
      for each row when (old.state = 'given' and new.state <> 'given') execute function notify.consent_over();
    create trigger access_changed after update of status on registry.third_party
      for each row when (old.status is distinct from new.status and 'suspended' in (old.status, new.status))
      execute function notify.access_changed()`.execute(db);
