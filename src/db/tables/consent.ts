// The rows of schema consent, as migrations/0005-consent.ts makes them.
import type { ColumnType, Generated } from 'kysely';

export interface ConsentTables {
  'consent.consent': {
    log_id: number;
    consent_id: string;
    household_id: string;
    occupier_id: string;
    client_id: string;
    request_ref: string;
    purpose: string;
    once: boolean;
    note: string | null;
    state: string;
    version: number;
    expires_at: Date | null;
    ends_at: Generated<Date | null>;
    quiet_until: Generated<Date | null>;
    remind_at: Generated<Date | null>;
    wording: ColumnType<unknown, string, never>;
    wording_digest: string;
    requested_at: Date;
    changed_at: Date;
  };
  'consent.terms': {
    log_id: number;
    consent_id: string;
    version: number;
    resolution: string;
    /** Local dates: `YYYY-MM-DD`. */
    from_date: string;
    until_date: string;
    fuels: string[];
    registers: string[];
  };
  'consent.meter_ref': {
    log_id: number;
    meter_ref: string;
    consent_id: string;
    meter_point_id: string;
    until_version: Generated<number | null>;
  };
  'consent.step': {
    log_id: number;
    req: string;
    consent_id: string;
    event: string;
    version: number;
    at: Date;
  };
  'consent.single_read': { log_id: number; meter_ref: string; consent_id: string };
  'consent.stop_link': { token_hash: Buffer; consent_id: string; made_at: Date };
}
