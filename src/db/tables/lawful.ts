// The rows of schema lawful, as migrations/0060-lawful.ts makes them.
import type { ColumnType, Generated } from 'kysely';

export interface LawfulTables {
  'lawful.supply': {
    supply_id: string;
    log_id: number;
    household_id: string;
    meter_point_id: string;
    client_id: string;
    meter_ref: string;
    /** Local dates: `YYYY-MM-DD`. */
    from_date: string;
    recorded_at: Date;
    ended_at: ColumnType<Date | null, never, Date>;
    until_date: ColumnType<string | null, never, string>;
    opted_out: Generated<string[]>;
  };
  'lawful.lawful_order': {
    order_id: string;
    log_id: number;
    client_id: string;
    instrument: 'court-order' | 'statutory-notice';
    authority: string;
    reference: string;
    resolution: string;
    registers: string[];
    from_date: string;
    to_date: string;
    expires_at: Date;
    opens_at: Date;
    recorded_at: Date;
    proposal_id: string | null;
    carried: Generated<boolean>;
    told: ColumnType<number | null, never, number>;
  };
  'lawful.order_point': { meter_ref: string; order_id: string; mpan: string };
}
