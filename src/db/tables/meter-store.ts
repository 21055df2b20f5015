// The rows of the meter store, which is a database of its own: never part of `Tables`, so that no query can join it
// with consents. The broker's role sees meter_point and holding; day arrays come from meter.read_days alone.
import type { Generated, Insertable, Selectable } from 'kysely';

export interface MeterPointRow {
  mpan: string;
  fuel: 'electricity' | 'gas';
  unit: 'Wh' | 'dm3';
  zone: string | null;
  synthetic: boolean;
  label: string | null;
}

export interface DayRow {
  mpan: string;
  register: string;
  /** `YYYY-MM-DD` */
  day: string;
  interval_seconds: number;
  readings: (number | null)[];
  originals: Record<string, string> | null;
  revision: number;
  run: number;
}

export interface ImportRunRow {
  run: Generated<number>;
  mpan: string;
  ran_at: Date;
  format: string;
  file_name: string;
  file_sha256: Buffer | null;
  taken: number;
  duplicate: number;
  corrected: number;
  refused: number;
}

export interface MeterStoreTables {
  'meter.meter_point': MeterPointRow;
  'meter.day': DayRow;
  'meter.former_day': DayRow & { replaced_by_run: number };
  'meter.import_run': ImportRunRow;
  'meter.holding': {
    mpan: string;
    register: string;
    first_day: string;
    last_day: string;
    interval_seconds: number;
  };
}

export type NewImportRun = Insertable<ImportRunRow>;
export type ImportRun = Selectable<ImportRunRow>;
