// Makes readings of what a Green Button document says, row by row: unit, register, start, length, value. Every row
// comes out, as a reading or with each reason why it is none. Stamps are the start of the interval.
import { StabledoorError } from '../../lib/errors.ts';
import { formatInstant } from '../local-time.ts';
import type { Fuel, Register, Unit } from '../reading.ts';
import type { EspiDocument, EspiEntry, EspiFields, EspiRow } from './espi-document.ts';
import type { FileReading, FileRow, RowReason } from './import-row.ts';
import { espiScale, type Scale, wholeQuantity } from './quantity.ts';

export interface RowContext {
  readonly fuel: Fuel;
  readonly unit: Unit;
  /** Takes only this register; import where neither it nor the file says one. */
  readonly register: Register | undefined;
  readonly nowSeconds: number;
}

/** What one ReadingType says about all of its rows. */
interface ReadingKind {
  readonly reasons: readonly RowReason[];
  readonly register: Register;
  readonly scale: Scale | null;
  readonly powerOfTen: number;
  /** Null where the file leaves it to the rows. */
  readonly intervalSeconds: number | null;
}

const intervals = [300, 600, 900, 1800, 3600];

/** Throws `import_no_readings`, `import_several_meter_points` or `import_fuel_differs` for the whole file. */
export function greenButtonRows(document: EspiDocument, context: RowContext): FileRow[] {
  const { rows, usagePoints } = document;
  if (rows.length === 0) throw new StabledoorError('import_no_readings');
  if (usagePoints.length > 1) throw new StabledoorError('import_several_meter_points');
  const service = { 0: 'electricity', 1: 'gas' }[usagePoints[0] ?? ''];
  if (service !== undefined && service !== context.fuel)
    throw new StabledoorError(
      'import_fuel_differs',
      `The file is of ${service}, the meter point of ${context.fuel}.`,
    );
  const typeOf = readingTypes(document);
  const kinds = new Map<EspiFields | null, ReadingKind>();
  return rows.map((row) => {
    const type = typeOf(row.entry);
    let kind = kinds.get(type);
    if (kind === undefined) {
      kind = readingKind(type, context, row);
      kinds.set(type, kind);
    }
    return fileRow(row, kind, context);
  });
}

/** Follows the links from an entry of intervals over its meter reading to its type; one alone needs no links. */
function readingTypes({ entries }: EspiDocument): (entry: EspiEntry) => EspiFields | null {
  const types = entries.filter((entry) => entry.readingType !== null);
  const meterReadings = entries.filter((entry) => entry.isMeterReading);
  const found = new Map<EspiEntry, EspiFields | null>();
  return (entry) => {
    let type = found.get(entry);
    if (type === undefined) {
      const meterReading = meterReadings.find(({ related }) => entry.up !== '' && related.includes(entry.up));
      const linked = types.find(({ self }) => self !== '' && meterReading?.related.includes(self));
      const only = types.length === 1 ? types[0] : undefined;
      type = (linked ?? only)?.readingType ?? null;
      found.set(entry, type);
    }
    return type;
  };
}

const reason = (code: RowReason['code'], detail: string): RowReason => ({ code, detail });

function readingKind(type: EspiFields | null, context: RowContext, first: EspiRow): ReadingKind {
  const fields = type ?? {};
  const reasons: RowReason[] = [];
  const scale = unitScale(fields, context.unit, reasons);
  const commodity = { 1: 'electricity', 2: 'electricity', 7: 'gas' }[fields.commodity ?? ''];
  if (commodity !== undefined && commodity !== context.fuel)
    reasons.push(
      reason('import_fuel_differs', `the file is of ${commodity}, the meter point of ${context.fuel}`),
    );
  // 4 is deltaData: what was used in the interval. Totals that only grow are another kind of thing.
  const behaviour = fields.accumulationBehaviour ?? '4';
  if (behaviour !== '4' && behaviour !== '0')
    reasons.push(
      reason('import_not_interval_data', `accumulationBehaviour is ${behaviour}, not 4 (deltaData)`),
    );
  const powerOfTen = Number(fields.powerOfTenMultiplier || '0');
  if (!Number.isInteger(powerOfTen) || Math.abs(powerOfTen) > 12)
    reasons.push(reason('import_unit_unsupported', `powerOfTenMultiplier is ${fields.powerOfTenMultiplier}`));
  const stated = fields.intervalLength || first.duration;
  const intervalSeconds = /^\d{1,7}$/.test(stated) ? Number(stated) : null;
  return {
    reasons,
    register: registerOf(fields, context.register, reasons),
    scale,
    powerOfTen,
    intervalSeconds,
  };
}

function unitScale(fields: EspiFields, unit: Unit, reasons: RowReason[]): Scale | null {
  if (!fields.uom) {
    reasons.push(reason('import_unit_missing', 'its ReadingType has no uom'));
    return null;
  }
  const scale = espiScale(fields.uom, unit);
  if (scale === null)
    reasons.push(reason('import_unit_unsupported', `uom ${fields.uom} cannot be kept as ${unit}`));
  return scale;
}

/** flowDirection 1 is forward (import), 19 reverse (export). */
function registerOf(fields: EspiFields, wanted: Register | undefined, reasons: RowReason[]): Register {
  const flow = fields.flowDirection ?? '';
  const stated: Register | undefined = flow === '1' ? 'import' : flow === '19' ? 'export' : undefined;
  if (stated === undefined && flow !== '' && flow !== '0')
    reasons.push(
      reason('import_register_unsupported', `flowDirection is ${flow}, neither 1 (import) nor 19 (export)`),
    );
  // A generation meter's own output also flows forward, so only import and export can contradict each other.
  if (stated !== undefined && wanted !== undefined && wanted !== 'generation' && stated !== wanted)
    reasons.push(reason('import_register_differs', `the file is of ${stated}, --register of ${wanted}`));
  return wanted ?? stated ?? 'import';
}

function fileRow(row: EspiRow, kind: ReadingKind, context: RowContext): FileRow {
  const reasons = [...kind.reasons];
  const start = startOf(row, reasons);
  const intervalSeconds = intervalOf(row, kind, reasons);
  if (start !== null && start + (intervalSeconds ?? 0) > context.nowSeconds)
    reasons.push(reason('import_start_impossible', `${formatInstant(start)} is in the future`));
  const quantity = quantityOf(row, kind, reasons);
  const startText = start === null ? row.start || 'none' : formatInstant(start);
  if (reasons.length > 0 || start === null || intervalSeconds === null || quantity === null)
    return { line: row.line, startText, reading: null, reasons };
  const { value, fraction } = quantity;
  const reading: FileReading = { register: kind.register, start, intervalSeconds, value };
  return {
    line: row.line,
    startText,
    reading: fraction ? { ...reading, original: originalText(row.value, kind.powerOfTen) } : reading,
    reasons,
  };
}

const earliestStart = 631_152_000; // 1990-01-01: no meter kept intervals before
const latestStart = 4_102_444_800; // 2100-01-01

function startOf(row: EspiRow, reasons: RowReason[]): number | null {
  const seconds = Number(row.start);
  if (/^\d{1,10}$/.test(row.start) && seconds >= earliestStart && seconds < latestStart) return seconds;
  const shown =
    row.start === ''
      ? 'there is no start'
      : `${JSON.stringify(row.start)} is no time in whole seconds from 1990 on`;
  reasons.push(reason('import_start_impossible', shown));
  return null;
}

function intervalOf(row: EspiRow, kind: ReadingKind, reasons: RowReason[]): number | null {
  const seconds = row.duration === '' ? kind.intervalSeconds : Number(row.duration);
  if (seconds === null || !intervals.includes(seconds)) {
    const shown = row.duration || (kind.intervalSeconds ?? 'not stated');
    reasons.push(reason('import_interval_unsupported', `its length is ${shown} seconds`));
    return null;
  }
  if (kind.intervalSeconds !== null && seconds !== kind.intervalSeconds) {
    reasons.push(
      reason('import_interval_mixed', `${seconds} seconds where the rest has ${kind.intervalSeconds}`),
    );
    return null;
  }
  return seconds;
}

function quantityOf(
  row: EspiRow,
  kind: ReadingKind,
  reasons: RowReason[],
): { value: number; fraction: boolean } | null {
  if (row.value === '') {
    reasons.push(reason('import_value_absent', 'its value is absent'));
    return null;
  }
  // Without a unit the value can still be seen to be wrong.
  const scale = kind.scale ?? { numerator: 1n, denominator: 1n };
  const powerOfTen = Math.abs(kind.powerOfTen) <= 12 ? kind.powerOfTen : 0;
  const quantity = wholeQuantity(row.value, powerOfTen, scale);
  if (quantity === 'malformed')
    reasons.push(reason('import_value_malformed', `${JSON.stringify(row.value)} is not a number`));
  else if (quantity === 'negative')
    reasons.push(reason('import_value_negative', `its value is ${row.value}`));
  else if (quantity === 'too-large')
    reasons.push(reason('import_value_too_large', `its value is ${row.value}`));
  else return quantity;
  return null;
}

const originalText = (value: string, powerOfTen: number): string =>
  powerOfTen === 0 ? value : `${value}e${powerOfTen}`;
