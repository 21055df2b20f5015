// What two operators decide about a third party, and what one of them asked for on behalf of a household. Class, group and
// purposes change in no other way than by a proposal that was approved: the application has no right to set them.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function registry.change_terms(p_proposal text, p_client text, p_class text, p_group text, p_purposes text[])
    returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if operator.is_production() and not operator.is_approved(p_proposal, 'third-party-change') then
        raise exception 'registry: two operators change what a third party may be' using errcode = 'SD015';
      end if;
      update registry.third_party set class = p_class, legal_group = p_group, purposes = p_purposes
        where client_id = p_client and status <> 'pending';
      return found;
    end $$;
    create function registry.approve_note(p_proposal text, p_client text, p_name text, p_text text)
    returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if operator.is_production() and not operator.is_approved(p_proposal, 'note-approve') then
        raise exception 'registry: two operators approve a note' using errcode = 'SD015';
      end if;
      if not exists (select from registry.third_party where client_id = p_client) then return false; end if;
      insert into registry.note (client_id, name, text) values (p_client, p_name, p_text)
        on conflict (client_id, name) do update set text = excluded.text;
      return true;
    end $$;
    -- What waits becomes active by two operators alone; suspension and its end stay with one.
    create function registry.check_activation() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if old.status = 'pending' and new.status <> 'pending' and operator.is_production()
         and not exists (select from operator.proposal p where p.act = 'third-party-register'
           and p.status in ('approved', 'done') and p.payload::jsonb ->> 'client_id' = new.client_id) then
        raise exception 'registry: two operators register a third party' using errcode = 'SD015';
      end if;
      return new;
    end $$;
    create trigger two_register before update of status on registry.third_party
      for each row execute function registry.check_activation();
    -- By what proposal an operator asked for it.
    alter table household.erasure add column proposal_id text;
    create function household.check_erasure() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if new.asked_by = 'operator' and operator.is_production()
         and not operator.is_approved(new.proposal_id, 'household-erase') then
        raise exception 'household: two operators erase on behalf' using errcode = 'SD015';
      end if;
      return new;
    end $$;
    create trigger two_erase before insert or update on household.erasure
      for each row execute function household.check_erasure();
    revoke all on function registry.change_terms(text, text, text, text, text[]),
      registry.approve_note(text, text, text, text), registry.check_activation(), household.check_erasure() from public;
    grant execute on function registry.change_terms(text, text, text, text, text[]),
      registry.approve_note(text, text, text, text) to stabledoor_app`.execute(db);
}
