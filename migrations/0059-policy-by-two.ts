// In production a policy set is published by two operators, and only as they approved it; but for the set that a log begins
// with. A log that goes on begins with the set in force before, or succession would be a way round the notice.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table policy.published add column proposal_id text references operator.proposal;
    create function policy.check_publication() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as $$
    declare v_former text;
    begin
      if new.place > 1 or new.proposal_id is not null then
        perform operator.use(new.proposal_id, 'policy-publish', jsonb_build_object('policy', new.digest,
          'text', new.text, 'weakens', new.weakens));
        return new;
      end if;
      select p.digest into v_former from ledger.log l join policy.published p on p.log_id = l.succeeds
        where l.log_id = new.log_id and p.effective_at <= ledger.now() order by p.place desc limit 1;
      if operator.is_production() and v_former is distinct from new.digest and v_former is not null then
        perform operator.refuse('a log goes on with the policy set in force', 'SD014');
      end if;
      return new;
    end $$;
    create trigger two_publish before insert on policy.published
      for each row execute function policy.check_publication();
    revoke all on function policy.check_publication() from public`.execute(db);
}
