// What is good of an export that was broken off: the longest beginning, in whole pages, that is still what this log would
// write. The entries prove themselves by their chain; openings are compared anew, because a household may be erased since.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Store } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { EntryFormatError, parseEntry } from './entry.ts';
import { changesLogKeys, type ExportContents, type ExportedSoFar, headOf, pageLength } from './export.ts';
import { ExportFormatError, type ExportManifest, formatExportLine, readExport } from './export-format.ts';
import type { ExportPlan } from './export-plan.ts';
import { readLeaf } from './export-store.ts';
import { leafHashOf } from './node-crypto.ts';

export interface FoundSoFar extends ExportedSoFar {
  /** Bytes of the file that stay. */
  readonly bytes: number;
  /** Over those bytes; for whoever goes on. */
  readonly sha256: Hash;
}

/** The first line of the file; null where there is none that can be read. */
export async function readManifest(file: string): Promise<ExportManifest | null> {
  try {
    for await (const line of readExport(createReadStream(file)))
      return line.type === 'manifest' ? line : null;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  return null;
}

/** Null where nothing of it can be used. */
export async function findSoFar(
  db: Store,
  file: string,
  plan: ExportPlan,
  contents: ExportContents,
): Promise<FoundSoFar | null> {
  const found = new SoFar(plan, contents);
  try {
    for await (const line of readExport(createReadStream(file))) {
      const text = formatExportLine(line);
      const goesOn = line.type === 'entry' ? await found.takeEntry(line.entry, text) : found.take(text);
      if (!goesOn) break;
      if (line.type === 'policy') found.policies.add(line.digest);
    }
  } catch (error) {
    // Where the file was cut.
    if (!isUnreadable(error)) throw error;
  }
  const { kept } = found;
  if (kept === null) return null;
  const stored = await readLeaf(db, plan.logId, kept.next - 1);
  return stored !== null && encodeBase64(stored) === kept.tip ? kept : null;
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof ExportFormatError || (error as NodeJS.ErrnoException).code === 'ENOENT';

class SoFar {
  readonly #plan: ExportPlan;
  readonly #contents: ExportContents;
  readonly policies = new Set<string>();
  readonly #sha256 = createHash('sha256');
  #bytes = 0;
  /** What came since the last page was found good. */
  #page = '';
  #openings = new Map<number, string>();
  #next: number;
  #tip: string | null = null;
  #keyChange: number | null = null;
  #isHead = true;
  kept: (FoundSoFar & { readonly tip: string }) | null = null;

  constructor(plan: ExportPlan, contents: ExportContents) {
    this.#plan = plan;
    this.#contents = contents;
    this.#next = plan.from;
  }

  /** A line that is no entry. */
  take(text: string): boolean {
    this.#page += text;
    if (text.startsWith('{"type":"opening"')) {
      const index = this.#next - 1;
      this.#openings.set(index, (this.#openings.get(index) ?? '') + text);
    }
    return true;
  }

  /** False where this log would not have gone on so. */
  async takeEntry(entry: string, text: string): Promise<boolean> {
    const { from } = this.#plan;
    if (this.#isHead && this.#page !== headOf(this.#plan)) return false;
    this.#isHead = false;
    if ((this.#next - from) % pageLength === 0 && this.#next > from && !(await this.#keepPage()))
      return false;
    try {
      const { index, prev } = parseEntry(entry);
      if (index !== this.#next || (this.#tip !== null && prev !== this.#tip)) return false;
    } catch (error) {
      if (!(error instanceof EntryFormatError)) throw error;
      return false;
    }
    this.#tip = encodeBase64(leafHashOf(entry));
    if (changesLogKeys(text)) this.#keyChange = this.#next;
    this.#next++;
    this.#page += text;
    return true;
  }

  async #keepPage(): Promise<boolean> {
    const next = this.#next;
    const openings = (await this.#contents.open?.(next - pageLength, next)) ?? new Map();
    const isSame = [...this.#openings].every(([index, text]) => openings.get(index) === text);
    if (!isSame || openings.size !== this.#openings.size) return false;
    const bytes = Buffer.from(this.#page);
    this.#sha256.update(bytes);
    this.#bytes += bytes.length;
    this.#page = '';
    this.#openings = new Map();
    this.kept = {
      next,
      tip: this.#tip as string,
      policies: new Set(this.policies),
      keyChange: this.#keyChange,
      bytes: this.#bytes,
      sha256: this.#sha256.copy(),
    };
    return true;
  }
}
