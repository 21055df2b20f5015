// Imports one file for one meter point: reads it whole, decides about every row, and writes in one transaction. If
// anything fails, nothing of it is there; run again, it changes nothing twice.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Kysely } from 'kysely';
import type { MeterPointRow, MeterStoreTables } from '../../db/tables/meter-store.ts';
import { type Clock, nowSeconds } from '../../lib/clock.ts';
import { StabledoorError } from '../../lib/errors.ts';
import type { LocalDate } from '../../lib/local-date.ts';
import { formatLocalDate } from '../local-time.ts';
import type { Fuel, Register, Unit } from '../reading.ts';
import { daysTouched, planImport } from './day-plan.ts';
import { type EspiDocument, type EspiLimits, espiReader } from './espi-document.ts';
import { fileZone } from './file-zone.ts';
import { greenButtonRows } from './green-button.ts';
import type { FileRow, ImportRow, RowOutcome } from './import-row.ts';
import { lockMeterPoint, recordRun, settleZone, storedDays, writeDays } from './import-writer.ts';
import type { MeterStoreWriter } from './meter-points.ts';
import { mpanWarning } from './mpan.ts';

export const importFormats = ['green-button'] as const;
export type ImportFormat = (typeof importFormats)[number];

export interface ImportRequest {
  /** Of the importer's role. */
  readonly store: Kysely<MeterStoreTables>;
  readonly path: string;
  readonly format: ImportFormat;
  readonly mpan: string;
  readonly clock: Clock;
  /** Must be the meter point's, where it is given. */
  readonly fuel?: Fuel;
  readonly register?: Register;
  readonly zone?: string;
  /** Decides about every row and writes nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly limits?: Partial<ImportLimits>;
}

export interface ImportProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly rows: number;
}

export interface ImportLimits extends EspiLimits {
  readonly bytes: number;
}

export interface ImportReport {
  readonly format: ImportFormat;
  readonly fileName: string;
  readonly sha256: string;
  readonly mpan: string;
  readonly unit: Unit;
  /** Null where no row was sound, so that no zone was needed. */
  readonly zone: string | null;
  readonly dryRun: boolean;
  /** The run as the store numbers it; null for a dry run. */
  readonly run: number | null;
  readonly counts: Readonly<Record<RowOutcome, number>>;
  readonly firstDay: LocalDate | null;
  readonly lastDay: LocalDate | null;
  readonly daysChanged: number;
  readonly warnings: readonly string[];
  /** Every row of the file, in its order. */
  readonly rows: readonly ImportRow[];
}

const defaultLimits: ImportLimits = { bytes: 256 * 1024 * 1024, rows: 500_000, depth: 64 };

interface ReadDocument {
  readonly document: EspiDocument;
  readonly sha256: Buffer;
}

/** Throws StabledoorError with a code that starts with `import_`, and then has written nothing. */
export async function importFile(request: ImportRequest): Promise<ImportReport> {
  if (!importFormats.includes(request.format)) throw new StabledoorError('import_format_unsupported');
  const { document, sha256 } = await readDocument(request, { ...defaultLimits, ...request.limits });
  return await request.store.transaction().execute((tx) => importDocument(tx, request, document, sha256));
}

async function readDocument(request: ImportRequest, limits: ImportLimits): Promise<ReadDocument> {
  const { path, onProgress } = request;
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new StabledoorError('import_file_unreadable', `There is no file ${path}.`);
  if (found.size > limits.bytes)
    throw new StabledoorError('import_file_too_large', `The file is larger than ${limits.bytes} bytes.`);
  const reader = espiReader(limits);
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.bytes) throw new StabledoorError('import_file_too_large'); // it grows while it is read
    hash.update(chunk);
    reader.write(decoded(decoder, chunk));
    onProgress?.({ bytes, totalBytes: found.size, rows: reader.rowsSoFar });
  }
  reader.write(decoded(decoder, null));
  return { document: reader.end(), sha256: hash.digest() };
}

function decoded(decoder: TextDecoder, chunk: Buffer | null): string {
  try {
    return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new StabledoorError('import_file_malformed', 'The file is not UTF-8 text.');
  }
}

async function importDocument(
  tx: MeterStoreWriter,
  request: ImportRequest,
  document: EspiDocument,
  sha256: Buffer,
): Promise<ImportReport> {
  const { mpan, dryRun = false, clock } = request;
  const point = await lockMeterPoint(tx, mpan);
  if (point === undefined)
    throw new StabledoorError('import_meter_point_unknown', `No meter point ${mpan} is known here.`);
  const fileRows = readRows(document, request, point);
  const zone = fileRows.some((row) => row.reading !== null)
    ? fileZone(document, request.zone, point, fileRows)
    : null;
  const touched = zone === null ? [] : daysTouched(fileRows, zone);
  const [firstDay, lastDay] = [touched.at(0), touched.at(-1)].map((day) =>
    day === undefined ? null : formatLocalDate(day),
  );
  const held = firstDay && lastDay ? await storedDays(tx, mpan, firstDay, lastDay) : [];
  const plan = planImport(fileRows, zone ?? 'UTC', held);
  const counts = count(plan.rows);
  const fileName = basename(request.path).slice(0, 255);
  let run: number | null = null;
  if (!dryRun) {
    const file = { format: request.format, file_name: fileName, file_sha256: sha256 };
    run = await recordRun(tx, { mpan, ...file, ...counts }, clock.nowMs());
    if (zone !== null && point.zone === null) await settleZone(tx, mpan, zone);
    await writeDays(tx, mpan, run, plan.days);
  }
  const warning = mpanWarning(mpan);
  return {
    ...{
      format: request.format,
      fileName,
      sha256: sha256.toString('hex'),
      mpan,
      unit: point.unit,
      zone,
      dryRun,
      run,
    },
    ...{ counts, firstDay: firstDay ?? null, lastDay: lastDay ?? null, daysChanged: plan.days.length },
    ...{ warnings: warning === null ? [] : [warning], rows: plan.rows },
  };
}

function readRows(document: EspiDocument, request: ImportRequest, point: MeterPointRow): FileRow[] {
  if (request.fuel !== undefined && request.fuel !== point.fuel)
    throw new StabledoorError(
      'import_fuel_differs',
      `--fuel says ${request.fuel}; the meter point is of ${point.fuel}.`,
    );
  const nowS = nowSeconds(request.clock);
  return greenButtonRows(document, {
    ...{ fuel: point.fuel, unit: point.unit, register: request.register, nowSeconds: nowS },
  });
}

function count(rows: readonly ImportRow[]): Record<RowOutcome, number> {
  const counts = { taken: 0, duplicate: 0, corrected: 0, refused: 0 };
  for (const row of rows) counts[row.outcome] += 1;
  return counts;
}
