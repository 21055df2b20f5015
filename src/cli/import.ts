// `stabledoor import FILE`: readings of one meter point into the meter store, with a report on every row that was not
// simply taken. Nothing of a file that is refused is kept.
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { settleMeterPointZone } from '../household/household-store.ts';
import { type Fuel, fuels } from '../household/meter-point.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import {
  type ImportFormat,
  type ImportReport,
  type ImportRequest,
  importFile,
  importFormats,
} from '../metering/import/import-file.ts';
import type { ImportRow } from '../metering/import/import-row.ts';
import type { Register } from '../metering/reading.ts';
import { UsageError } from './failure.ts';
import { type OpenDatabase, withDatabase, withImporter } from './opened.ts';
import { oneLine, openOutput, table } from './output.ts';
import { openProgress } from './progress.ts';

const registers = ['import', 'export', 'generation'] as const satisfies Register[];

interface ImportOptions {
  readonly format: string;
  readonly meterPoint: string;
  readonly fuel?: string;
  readonly register?: string;
  readonly zone?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export function addImportCommand(program: Command): void {
  program
    .command('import <file>')
    .description('take a file of readings into the meter store')
    .requiredOption('--format <format>', importFormats.join(', '))
    .requiredOption('--meter-point <mpan>', 'whose readings these are; `household add` makes it known')
    .option('--fuel <fuel>', `refuse the file unless the meter point is of this: ${fuels.join(', ')}`)
    .option('--register <register>', `refuse rows of another: ${registers.join(', ')}`)
    .option('--zone <zone>', 'time zone of the meter, where the file does not say it')
    .option('--dry-run', 'report on every row and keep nothing')
    .option('--json', 'answer as JSON, with every refused and corrected row')
    .action(async (file: string, options: ImportOptions) => {
      const report = await runImport(file, options);
      const output = openOutput(options.json ?? false);
      for (const warning of report.warnings) output.complain(warning);
      output.answer(reportValue(report), reportText(report));
      if (report.rows.every((row) => row.outcome === 'refused'))
        throw new Error(`no row of ${report.fileName} could be taken`);
    });
}

async function runImport(file: string, options: ImportOptions): Promise<ImportReport> {
  const config = readConfig();
  const request: Omit<ImportRequest, 'store' | 'clock'> = {
    path: file,
    format: oneOf('--format', importFormats, options.format) as ImportFormat,
    mpan: options.meterPoint,
    ...(options.fuel === undefined ? {} : { fuel: oneOf('--fuel', fuels, options.fuel) as Fuel }),
    ...(options.register === undefined
      ? {}
      : { register: oneOf('--register', registers, options.register) as Register }),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    dryRun: options.dryRun ?? false,
  };
  const progress = openProgress('reading', 'bytes');
  const onProgress: ImportRequest['onProgress'] = ({ bytes, totalBytes }) =>
    progress.update(bytes, totalBytes);
  try {
    const work = async ({ stores, clock, db }: OpenDatabase) => {
      const importing = (store: ImportRequest['store']) =>
        importFile({ ...request, store, clock, onProgress });
      const report = await withImporter(stores, importing);
      // The store's zone is the one that its days fit; a household that was added without one follows it.
      if (report.zone !== null && !report.dryRun) await settleMeterPointZone(db, report.mpan, report.zone);
      return report;
    };
    return await withDatabase(config, work, { writes: true });
  } finally {
    progress.stop();
  }
}

function oneOf<Value extends string>(option: string, allowed: readonly Value[], given: string): Value {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`${option}: ${given} is not one of ${allowed.join(', ')}`);
  return found;
}

const isRemarkable = (row: ImportRow): boolean => row.outcome === 'refused' || row.outcome === 'corrected';

const reportValue = (report: ImportReport): JsonValue => ({
  format: report.format,
  file_name: report.fileName,
  sha256: report.sha256,
  meter_point: report.mpan,
  unit: report.unit,
  zone: report.zone,
  dry_run: report.dryRun,
  run: report.run,
  counts: report.counts,
  first_day: report.firstDay,
  last_day: report.lastDay,
  days_changed: report.daysChanged,
  warnings: report.warnings,
  rows: report.rows.filter(isRemarkable).map(({ line, start, outcome, reasons }) => ({
    ...{ line, start, outcome },
    reasons: reasons.map(({ code, detail }) => ({ code, detail })),
  })),
});

const mostRowsShown = 50;

function reportText(report: ImportReport): string {
  const { counts, rows } = report;
  const remarkable = rows.filter(isRemarkable);
  const shown = remarkable
    .slice(0, mostRowsShown)
    .map((row) => [
      `  line ${row.line}`,
      oneLine(row.start),
      row.outcome,
      row.reasons.map(wordsOf).join('; '),
    ]);
  const left = remarkable.length - shown.length;
  return [
    `${report.fileName}: ${rows.length} rows for ${report.mpan}${report.dryRun ? ' (dry run: nothing was kept)' : ''}`,
    `  ${counts.taken} taken, ${counts.duplicate} duplicates, ${counts.corrected} corrected, ${counts.refused} refused`,
    ...(report.firstDay ? [`  local days ${report.firstDay} to ${report.lastDay}, zone ${report.zone}`] : []),
    ...(shown.length > 0 ? [table(shown)] : []),
    ...(left > 0 ? [`  … and ${left} more; --json has them all`] : []),
  ].join('\n');
}

const wordsOf = ({ code, detail }: ImportRow['reasons'][number]): string => `${code}: ${oneLine(detail)}`;
