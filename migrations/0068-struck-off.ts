// A third party that is struck off: suspended for good, by two operators in production. Every consent that it has ends at that
// moment, for reads by the clock and the guard, in state and ledger as they are written down.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
  alter table registry.third_party add column struck_off_at timestamptz;
  alter table registry.third_party add constraint struck_off_is_suspended
    check (struck_off_at is null or status = 'suspended');

  create function registry.strike_off(p_proposal text, p_client text, p_reason text) returns boolean language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
  begin
    perform operator.use(p_proposal, 'third-party-strike-off', jsonb_build_object('client_id', p_client, 'reason', p_reason));
    update registry.third_party set status = 'suspended', suspended_reason = p_reason, struck_off_at = ledger.now()
      where client_id = p_client and status <> 'pending' and struck_off_at is null;
    return found;
  end $$;
  revoke all on function registry.strike_off(text, text, text) from public;
  grant execute on function registry.strike_off(text, text, text) to stabledoor_app`.execute(db);
}
