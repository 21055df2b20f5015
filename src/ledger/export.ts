// Writes the export of a log (docs/ledger-export.md) from the database, a page at a time: entries, and right after each
// what belongs to it. The plan fixes every line but the openings: an export that is repeated comes out byte for byte the same.
import type { Store } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { utf8 } from './crypto.ts';
import { type ExportLine, formatExportLine, readExportLines } from './export-format.ts';
import { type ExportPlan, type ExportRange, manifestOf, planExport } from './export-plan.ts';
import { BETWEEN, readEntryTexts, readFirstWitnessed, readStoredEntries } from './export-store.ts';
import { checkpointFrom } from './ledger-store.ts';

export interface ExportedPolicy {
  readonly digest: string;
  readonly text: string;
}

/** Lines of what stands behind commitments of the entries `from` to `to`, by index; see openings.ts. */
export type Opener = (from: number, to: number) => Promise<ReadonlyMap<number, string>>;

export interface ExportContents {
  /** Texts of the policies that were published; verification names those that are missing. */
  readonly policies: readonly ExportedPolicy[];
  /** Opens what this reader may see. Absent: nothing. */
  readonly open?: Opener;
}

/** Where an export goes on that was broken off. */
export interface ExportedSoFar {
  /** The next entry. */
  readonly next: number;
  /** Digests of the policies whose text has been written. */
  readonly policies: ReadonlySet<string>;
  /** The last entry so far that changed the log's keys, or null. */
  readonly keyChange: number | null;
}

export interface LogExport extends ExportRange, ExportContents {
  readonly logId: number;
}

/** The lines of an export, read again as whoever verifies it reads them. Errors: those of planExport. */
export async function* exportLog(db: Store, options: LogExport): AsyncGenerator<ExportLine> {
  for await (const lines of exportLines(db, options)) yield* lines;
}

/** The same, some lines at a time. */
export async function* exportLines(db: Store, options: LogExport): AsyncGenerator<ExportLine[]> {
  const plan = await planExport(db, options.logId, options);
  yield* readExportLines(asBytes(exportText(db, plan, options)));
}

async function* asBytes(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield utf8(text);
}

/** Entries read, and written, at a time. */
export const pageLength = 1000;
/** Pages that are asked for at once: the server reads while lines are written here. */
const readAhead = 3;

/** The text of an export, some hundred kilobytes at a time, whole lines. */
export async function* exportText(
  db: Store,
  plan: ExportPlan,
  contents: ExportContents,
  soFar?: ExportedSoFar,
): AsyncGenerator<string> {
  if (soFar === undefined) yield headOf(plan);
  const pages = new Pages(db, plan, contents, soFar);
  const first = soFar?.next ?? plan.from;
  // In a transaction there is one connection, which answers one question at a time.
  const ahead = db.isTransaction ? 1 : readAhead;
  const coming: Promise<string | null>[] = [];
  let asked = first;
  for (let from = first; from < plan.size; from += pageLength) {
    for (; asked < plan.size && coming.length < ahead; asked += pageLength)
      coming.push(pages.entriesFrom(asked));
    yield await pages.textFrom(from, await (coming.shift() as Promise<string | null>));
  }
  if (!pages.isClosed) yield formatExportLine({ type: 'checkpoint', note: plan.note });
}

/** Everything before the first entry. */
export function headOf(plan: ExportPlan): string {
  const lines: ExportLine[] = [manifestOf(plan), ...plan.keys.map((key) => ({ type: 'key', key }) as const)];
  if (plan.from > 0) lines.push({ type: 'frontier', hashes: plan.frontier.map(encodeBase64) });
  return lines.map(formatExportLine).join('');
}

/** Pages in their order: what one of them reveals, such as a change of keys, holds for those that follow. */
class Pages {
  readonly #db: Store;
  readonly #plan: ExportPlan;
  readonly #open: Opener | undefined;
  /** Texts that have not been written yet, by the letters that an entry names their policy with. */
  readonly #texts: Map<string, ExportedPolicy>;
  /** Checkpoints to come, by size. */
  readonly #checkpoints = new Map<number, string>();
  /** Up to here they have been read. */
  #readTo: number;
  #keyChange: number | null;
  isClosed = false;

  constructor(db: Store, plan: ExportPlan, contents: ExportContents, soFar: ExportedSoFar | undefined) {
    this.#db = db;
    this.#plan = plan;
    this.#open = contents.open;
    const left = contents.policies.filter(({ digest }) => soFar?.policies.has(digest) !== true);
    this.#texts = new Map(left.map((policy) => [namedIn(policy.digest), policy]));
    this.#readTo = soFar?.next ?? plan.from;
    this.#keyChange = soFar?.keyChange ?? null;
  }

  /** A page of entries, asked for ahead; what stands between them comes later. */
  entriesFrom(from: number): Promise<string | null> {
    const { logId, size } = this.#plan;
    const entries = readEntryTexts(this.#db, logId, from, Math.min(from + pageLength, size));
    // Awaited in its turn; should that never come, its failure is nobody's.
    entries.catch(() => {});
    return entries;
  }

  async textFrom(from: number, entries: string | null): Promise<string> {
    const to = Math.min(from + pageLength, this.#plan.size);
    await this.#readCheckpoints(to);
    const openings = (await this.#open?.(from, to)) ?? NONE;
    if (entries !== null && !this.#hasMore(entries, to) && openings.size === 0) return entryLines(entries);
    const lines =
      entries === null
        ? await this.#readOneByOne(from, to)
        : entries.split(BETWEEN).map((entry, i): [number, string] => [from + i, entryLines(entry)]);
    let text = '';
    for (const [index, line] of lines) text += line + (await this.#after(index, line, openings));
    return text;
  }

  /** Whether anything but entries may have to stand on this page. */
  #hasMore(entries: string, to: number): boolean {
    if (this.#keyChange !== null || entries.includes('"use":"ledger"')) return true;
    for (const size of this.#checkpoints.keys()) if (size <= to) return true;
    for (const { digest } of this.#texts.values()) if (entries.includes(`"policy":"${digest}"`)) return true;
    return false;
  }

  /** A window at a time: few queries for a log that is cosigned seldom, and few notes in memory for one that is often. */
  async #readCheckpoints(to: number): Promise<void> {
    if (to <= this.#readTo) return;
    const { logId, size } = this.#plan;
    const upTo = Math.min(Math.max(to, this.#readTo + 20 * pageLength), size);
    for (const checkpoint of await readFirstWitnessed(this.#db, logId, this.#readTo, upTo))
      this.#checkpoints.set(checkpoint.size, checkpoint.note);
    this.#readTo = upTo;
  }

  /** What stands right after an entry: the text of a policy that it is the first to name, openings, its checkpoint. */
  async #after(index: number, line: string, openings: ReadonlyMap<number, string>): Promise<string> {
    let text = '';
    for (const [named, { digest, text: policy }] of this.#texts) {
      if (!line.includes(named)) continue;
      text += formatExportLine({ type: 'policy', digest, text: policy });
      this.#texts.delete(named);
    }
    text += openings.get(index) ?? '';
    if (changesLogKeys(line)) this.#keyChange ??= index;
    await this.#readKeyCheckpoint(index);
    const size = index + 1;
    const note = this.#checkpoints.get(size);
    if (note === undefined) return text;
    this.#checkpoints.delete(size);
    this.isClosed ||= size === this.#plan.size;
    return text + formatExportLine({ type: 'checkpoint', note });
  }

  /** Who trusts the old key sees under the first checkpoint after the change which one follows. */
  async #readKeyCheckpoint(index: number): Promise<void> {
    if (this.#keyChange === null) return;
    const { logId, size } = this.#plan;
    const checkpoint = await checkpointFrom(this.#db, logId, this.#keyChange + 1);
    this.#keyChange = null;
    if (checkpoint === null || checkpoint.size <= index || checkpoint.size >= size) return;
    if (this.#checkpoints.has(checkpoint.size)) return;
    this.#checkpoints.set(checkpoint.size, checkpoint.note);
  }

  /** Of a page that was tampered with: an entry is missing or is no text. It goes out all the same, to be found. */
  async #readOneByOne(from: number, to: number): Promise<[number, string][]> {
    const entries = await readStoredEntries(this.#db, this.#plan.logId, from, to);
    return entries.map(({ idx, entry }) => [
      idx,
      formatExportLine({ type: 'entry', entry: entry.toString('utf8') }),
    ]);
  }
}

const NONE: ReadonlyMap<number, string> = new Map();

/** As formatExportLine writes them, one or many at a time: JSON leaves DEL as it is. */
const entryLines = (entries: string): string => {
  const start = '{"type":"entry","entry":';
  return `${start}${JSON.stringify(entries).replaceAll(BETWEEN, `"}\n${start}"`)}}\n`;
};

/** In an entry that stands in JSON, quotes are escaped. */
const namedIn = (digest: string): string => `\\"policy\\":\\"${digest}\\"`;
const USE_LEDGER = '\\"use\\":\\"ledger\\"';

/** Whether an entry, as its line, says that a key of the log itself came or went. */
export const changesLogKeys = (line: string): boolean =>
  line.includes(USE_LEDGER) &&
  /\\n\{\\"actor\\":\\"[a-z-]+\\",\\"key\\":\\"[^"\\]+\\",\\"kind\\":\\"key\.(published|retired)\\",/.test(
    line,
  );
