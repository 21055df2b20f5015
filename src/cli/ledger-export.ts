// Writes an export beside its place and renames it when it is whole: a file under the name asked for is never cut.
import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { readConfig } from '../config.ts';
import { exportLog } from '../ledger/export.ts';
import { formatExportLine } from '../ledger/export-format.ts';
import type { LogInForce, LogName } from '../ledger/log-in-force.ts';
import { listPolicies } from '../policy/policy-store.ts';
import { UsageError } from './failure.ts';
import { withDatabase } from './opened.ts';
import { openProgress } from './progress.ts';

export interface ExportOptions {
  readonly out: string;
  readonly to?: number;
  /** Origin of a log that the present one goes on for. */
  readonly log?: string;
}

export interface WrittenExport {
  readonly file: string;
  readonly origin: string;
  readonly entries: number;
  readonly sha256: string;
}

/** Replaces a file that is there. Errors: UsageError if it is a folder. */
export async function exportToFile({ out, to, log: origin }: ExportOptions): Promise<WrittenExport> {
  if ((await stat(out).catch(() => null))?.isDirectory()) throw new UsageError(`--out: ${out} is a folder`);
  const config = readConfig();
  const fresh = `${out}.${process.pid}.part`;
  try {
    const written = await withDatabase(config, async ({ db, clock, log }) => {
      const { logId } = origin === undefined ? log : namedLog(log, origin);
      const policies = await listPolicies(db, logId);
      const lines = exportLog(db, { logId, clock, policies, ...(to === undefined ? {} : { to }) });
      return await writeLines(fresh, lines);
    });
    await rename(fresh, out);
    return { file: out, ...written };
  } finally {
    await rm(fresh, { force: true });
  }
}

/** The log in force or one that it goes on for. */
function namedLog(log: LogInForce, origin: string): LogName {
  const known = [...log.formers, log];
  const found = known.find((one) => one.origin === origin);
  if (found) return found;
  throw new UsageError(`--log: there is ${known.map((one) => one.origin).join(', ')}, and no ${origin}`);
}

const blockLength = 256 * 1024;

async function writeLines(
  path: string,
  lines: ReturnType<typeof exportLog>,
): Promise<Omit<WrittenExport, 'file'>> {
  const progress = openProgress('writing', 'entries');
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  let [block, entries, size, origin] = ['', 0, 0, ''];
  const flush = async () => {
    const bytes = Buffer.from(block);
    block = '';
    hash.update(bytes);
    await file.writeFile(bytes);
    progress.update(entries, size);
  };
  try {
    for await (const line of lines) {
      if (line.type === 'manifest') ({ origin, size } = line);
      if (line.type === 'entry') entries++;
      block += formatExportLine(line);
      if (block.length >= blockLength) await flush();
    }
    await flush();
    await file.sync();
  } finally {
    await file.close();
    progress.stop();
  }
  return { origin, entries, sha256: hash.digest('hex') };
}
