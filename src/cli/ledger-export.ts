// `stabledoor ledger export`: the log, or a part of it, in a file that anyone can verify offline.
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import type { Stores } from '../db/stores.ts';
import { isFieldName } from '../ledger/entry-field.ts';
import type { Opener } from '../ledger/export.ts';
import { type WrittenExport, writeExport } from '../ledger/export-file.ts';
import { exportToParquet } from '../ledger/export-parquet.ts';
import { ExportRangeError } from '../ledger/export-plan.ts';
import { type OpeningParts, openerOf } from '../ledger/openings.ts';
import type { SubjectKeyTables } from '../ledger/subject-key-store.ts';
import { listPolicies } from '../policy/policy-store.ts';
import { readCount } from './count.ts';
import { UsageError } from './failure.ts';
import { logNamed, logOption } from './log-option.ts';
import { withDatabase } from './opened.ts';
import { openOutput } from './output.ts';
import { openProgress } from './progress.ts';

interface ExportOptions {
  readonly out: string;
  readonly from?: string;
  readonly to?: string;
  readonly newest?: true;
  /** Origin of a log that the present one goes on for. */
  readonly log?: string;
  readonly open?: string[];
  readonly parquet?: string;
  readonly json?: true;
}

export function addExportCommand(family: Command): void {
  family
    .command('export')
    .description('write the ledger into a file that anyone can verify offline')
    .requiredOption('--out <file>', 'the file; one that is there is replaced when the new one is whole')
    .option('--from <index>', 'only from this entry on: what rests on entries before it is not judged')
    .option('--to <index>', 'only the entries before this one, up to the first checkpoint that covers them')
    .option('--newest', 'also entries that no witness has seen yet')
    .option(...logOption)
    .option('--open <field...>', 'fields of commitments to open, such as proof: only for who may read them')
    .option('--parquet <file>', 'the entries as a table too, for analysts; it proves nothing by itself')
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nAn export that was broken off goes on where it was when it is started again.')
    .action(async (options: ExportOptions) => {
      const written = await exportToFile(options);
      if (options.parquet !== undefined) await exportToParquet(options.out, options.parquet);
      openOutput(options.json ?? false).answer({ ...written }, inWords(written));
    });
}

/** Errors: UsageError if it is a folder, or there is no such part of the ledger. */
async function exportToFile(
  options: ExportOptions,
): Promise<WrittenExport & { file: string; entries: number }> {
  const { out } = options;
  if ((await stat(out).catch(() => null))?.isDirectory()) throw new UsageError(`--out: ${out} is a folder`);
  const range = readRange(options);
  const fields = readFields(options.open ?? []);
  const progress = openProgress('writing', 'entries');
  try {
    const config = readConfig();
    // Whose an entry is, only the application's own role may read.
    const asApplication = { writes: fields.length > 0 };
    return await withDatabase(
      config,
      async ({ db, log, stores }) => {
        const { logId, origin } = logNamed(log, options.log);
        const policies = await listPolicies(db, logId);
        const request = { logId, out, policies, ...range, onProgress: progress.update };
        const opened = { db, logId, origin, fields };
        const written = await withOpener(stores, opened, (open) =>
          writeExport(db, open === null ? request : { ...request, open }),
        );
        return { file: out, entries: written.size - written.from, ...written };
      },
      asApplication,
    );
  } catch (error) {
    if (error instanceof ExportRangeError) throw new UsageError(error.message);
    throw error;
  } finally {
    progress.stop();
  }
}

function readFields(fields: readonly string[]): string[] {
  for (const field of fields)
    if (!isFieldName(field)) throw new UsageError('--open: names of fields, such as proof');
  return [...new Set(fields)].sort();
}

async function withOpener<Answer>(
  { addresses }: Stores,
  parts: Omit<OpeningParts, 'keys'>,
  work: (open: Opener | null) => Promise<Answer>,
): Promise<Answer> {
  if (parts.fields.length === 0) return await work(null);
  const keys = openDatabase<SubjectKeyTables>({ url: addresses.subjectKeys, maxConnections: 1 });
  try {
    return await work(openerOf({ ...parts, keys }));
  } finally {
    await keys.destroy();
  }
}

function readRange({ from, to, newest }: ExportOptions) {
  if (to !== undefined && newest) throw new UsageError('--to and --newest say different things');
  const first = from === undefined ? 0 : readCount('--from', from);
  const end = newest ? ('newest' as const) : to === undefined ? undefined : readCount('--to', to, 1);
  if (typeof end === 'number' && first >= end) throw new UsageError('--from: below --to');
  return { from: first, ...(end === undefined ? {} : { to: end }) };
}

function inWords({ file, origin, from, size, kept, sha256 }: WrittenExport & { file: string }): string {
  const which = from === 0 ? `${size} entries` : `Entries ${from} to ${size - 1}`;
  const before = kept === 0 ? '' : ` ${kept} of them were there from an attempt before.`;
  return `${which} of ${origin} are in ${file} (SHA-256 ${sha256}).${before}`;
}
