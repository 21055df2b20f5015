// The rows of schema household, as migrations/0004-household.ts and those after it make them.
import type { ColumnType, Generated } from 'kysely';

export interface HouseholdTables {
  'household.erasure': {
    household_id: string;
    asked_by: 'householder' | 'operator';
    asked_at: Date;
    due_at: Date;
    proposal_id: string | null;
  };
  'household.complaint': {
    complaint_id: string;
    household_id: string;
    text: string;
    made_at: Date;
    acknowledged_at: ColumnType<Date | null, never, Date>;
    answer: ColumnType<string | null, never, string>;
    answered_at: ColumnType<Date | null, never, Date>;
  };
  'household.household': { household_id: string; log_id: number; added_at: Date };
  'household.occupier': {
    occupier_id: string;
    household_id: string;
    email: string;
    added_at: Date;
    door_shut_at: Generated<Date | null>;
    keeps_quiet: Generated<boolean>;
  };
  'household.meter_point': {
    meter_point_id: string;
    mpan: string;
    fuel: string;
    address: string;
    zone: string;
    /** Whether it is paid for beforehand; null where nobody has said. */
    prepayment: boolean | null;
    /** How many households were ever linked to it. */
    homes_ever: Generated<number>;
  };
  'household.tenancy': {
    meter_point_id: string;
    household_id: string;
    /** A local date: `YYYY-MM-DD`. */
    from_date: string;
    until_date: string | null;
  };
  'household.link': {
    meter_point_id: string;
    household_id: string;
    proven_by: 'code' | 'operator';
    proven_at: Date;
    lapses_at: Date;
    ended_at: ColumnType<Date | null, never, Date | null>;
  };
  'household.activation_code': {
    code_hash: Buffer;
    meter_point_id: string;
    household_id: string | null;
    from_date: string | null;
    made_at: Date;
    expires_at: Date;
    spent_at: ColumnType<Date | null, never, Date>;
    spent_by: ColumnType<string | null, never, string>;
  };
  'household.helper': {
    helper_id: string;
    household_id: string;
    email: string;
    token_hash: Buffer;
    invited_at: Date;
    expires_at: Date;
    accepted_at: ColumnType<Date | null, never, Date>;
    occupier_id: ColumnType<string | null, never, string | null>;
    ended_at: ColumnType<Date | null, never, Date>;
  };
  'household.authority': {
    occupier_id: string;
    kind: 'attorney' | 'deputy';
    reference: string;
    recorded_at: Date;
  };
  'household.sign_in': {
    challenge_hash: Buffer;
    occupier_id: string | null;
    salt: Buffer;
    code_hash: Buffer;
    return_to: string;
    tries: Generated<number>;
    begun_at: Date;
    expires_at: Date;
    consumed_at: ColumnType<Date | null, never, Date>;
  };
  'household.session': {
    token_hash: Buffer;
    occupier_id: string;
    begun_at: Date;
    seen_at: Date;
    expires_at: Date;
    ended_at: ColumnType<Date | null, never, Date>;
    signed_in_by: 'code' | 'passkey';
  };
}
