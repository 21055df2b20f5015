// What an import says about every row of a file: taken, a duplicate, a correction, or refused and why. Nothing that
// a file holds may be without one of these.
import type { importErrorCatalogue } from '../../lib/import-error-catalogue.ts';
import type { Register } from '../reading.ts';

export type ImportErrorCode = keyof typeof importErrorCatalogue;

export interface RowReason {
  readonly code: ImportErrorCode;
  readonly detail: string;
}

/** A row as a format's reader gives it: a reading, or the reasons why it is none. */
export interface FileRow {
  readonly line: number;
  /** As the file says it. */
  readonly startText: string;
  readonly reading: FileReading | null;
  readonly reasons: readonly RowReason[];
}

export interface FileReading {
  readonly register: Register;
  /** Whole seconds since 1970. */
  readonly start: number;
  readonly intervalSeconds: number;
  /** In the unit of the meter point. */
  readonly value: number;
  /** What the file said, where that had a fraction of the unit. */
  readonly original?: string;
}

export type RowOutcome = 'taken' | 'duplicate' | 'corrected' | 'refused';

export interface ImportRow {
  readonly line: number;
  /** `2011-01-01T08:00:00Z`, or what the file said where that is no time. */
  readonly start: string;
  readonly outcome: RowOutcome;
  /** Only on refused rows, and then at least one. */
  readonly reasons: readonly RowReason[];
}
