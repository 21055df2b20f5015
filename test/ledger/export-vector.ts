// One export of test/vectors/ledger/exports: its lines, how to verify it, and what must be found.
import { type ExportLine, formatExportLine } from '../../src/ledger/export-format.ts';
import type { ViolationKind } from '../../src/ledger/verdict.ts';
import { ours } from './vectors.ts';

export interface ExportVector {
  readonly name: string;
  readonly about: string;
  readonly file: string;
  readonly keys: readonly string[];
  readonly checkpoints: readonly string[];
  /** Text of the witness policy file to verify it with, if any. */
  readonly policy?: string;
  /** Index of the entry, or null for the log as a whole, and the kind; none for a sound log. */
  readonly violations: readonly (readonly [number | null, ViolationKind])[];
  readonly witnesses: readonly string[];
  /** Names of the exports of the logs that it goes on for, the oldest first. */
  readonly formers: readonly string[];
}

export type Found = readonly (readonly [number | null, ViolationKind])[];
export const fileOf = (lines: readonly ExportLine[]): string => lines.map(formatExportLine).join('');
export const keys = [ours.logKey];

export const vector = (
  name: string,
  about: string,
  lines: readonly ExportLine[] | string,
  violations: Found = [],
  bend: Partial<ExportVector> = {},
): ExportVector => ({
  name,
  about,
  file: typeof lines === 'string' ? lines : fileOf(lines),
  keys,
  checkpoints: [],
  violations,
  witnesses: [],
  formers: [],
  ...bend,
});
