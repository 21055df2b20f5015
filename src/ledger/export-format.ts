// The lines of a ledger export (stabledoor/export/v1): one JSON object a line, described in docs/ledger-export.md.
// A reader takes no line that a writer would not write: what two programs could read differently proves nothing.
import { z } from 'zod';
import { MAX_ENTRY_BYTES } from './entry.ts';
import { fieldName, hash, line, wholeNumber } from './entry-field.ts';

export const EXPORT_FORMAT = 'stabledoor/export/v1';
/** An entry of letters that JSON must escape takes twice its length; a policy text is the longest thing there is. */
const MAX_LINE_LENGTH = 2_000_000;
const MAX_POLICY_LENGTH = 1_000_000;
const MAX_NOTE_LENGTH = 100_000;
const MAX_VALUE_LENGTH = 300_000;

const exportLine = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('manifest'),
      format: z.literal(EXPORT_FORMAT),
      origin: line(255),
      /** First entry that follows; 0 for a whole log. */
      from: wholeNumber,
      /** Of the tree at the last line: entries `from` to size - 1 follow. */
      size: wholeNumber,
    })
    .refine(({ from, size }) => from === 0 || from < size, 'a later part has an entry'),
  /** Roots of the perfect subtrees of the entries before `from`, largest first. */
  z.strictObject({ type: z.literal('frontier'), hashes: z.array(hash).min(1).max(53) }),
  z.strictObject({ type: z.literal('entry'), entry: z.string().min(1).max(MAX_ENTRY_BYTES) }),
  /** What stands behind one commitment of the entry before: `value` is the canonical JSON that was committed to. */
  z.strictObject({
    type: z.literal('opening'),
    field: fieldName,
    salt: hash,
    value: z
      .string()
      .min(1)
      .max(MAX_VALUE_LENGTH)
      .refine((text) => text.isWellFormed(), 'well-formed text'),
  }),
  z.strictObject({ type: z.literal('checkpoint'), note: z.string().min(1).max(MAX_NOTE_LENGTH) }),
  z.strictObject({ type: z.literal('key'), key: line(4096) }),
  z.strictObject({
    type: z.literal('policy'),
    digest: hash,
    // A lone surrogate has no bytes in UTF-8, so the text no digest that two programs agree on.
    text: z
      .string()
      .max(MAX_POLICY_LENGTH)
      .refine((text) => text.isWellFormed(), 'well-formed text'),
  }),
]);

export type ExportLine = z.infer<typeof exportLine>;
export type ExportManifest = Extract<ExportLine, { type: 'manifest' }>;

export class ExportFormatError extends Error {
  override readonly name = 'ExportFormatError';
}

/** With its line feed. */
export const formatExportLine = (value: ExportLine): string => `${JSON.stringify(value)}\n`;

/** `text` is one line without its line feed; `number` counts from 1, for the message. Throws ExportFormatError. */
export function parseExportLine(text: string, number: number): ExportLine {
  if (text.length > MAX_LINE_LENGTH) throw new ExportFormatError(`line ${number} is too long`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ExportFormatError(`line ${number} is not JSON`);
  }
  const result = exportLine.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ExportFormatError(`line ${number}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // A repeated name, another order, white space: JSON.parse takes them, and another reader may take them otherwise.
  if (JSON.stringify(result.data) !== text)
    throw new ExportFormatError(`line ${number} is not written as the format says`);
  return result.data;
}

/** A line, or some that follow each other: fewer promises for whoever reads millions. */
export type Lines = ExportLine | readonly ExportLine[];

/**
 * Lines of a file or a download, read as they come. The last line must end in a line feed: a cut file is refused.
 * Each line is read by itself, so that the same file gives the same verdict in whatever pieces it comes.
 */
export async function* readExport(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine> {
  for await (const lines of readExportLines(chunks)) yield* lines;
}

/** The same, as many lines at a time as came together. */
export async function* readExportLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine[]> {
  const rest = new PartialLine();
  let number = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end < 0) {
      rest.add(chunk, number + 1);
      continue;
    }
    for (const block of rest.finish(chunk.subarray(0, end)).flatMap(cut)) {
      const { lines, fault } = parseBlock(block, number);
      yield lines;
      if (fault !== null) throw fault;
      number += lines.length;
    }
    rest.add(chunk.subarray(end + 1), number + 1);
  }
  if (rest.length > 0)
    throw new ExportFormatError(`line ${number + 1} is cut: it does not end in a line feed`);
}

export async function* oneByOne(lines: AsyncIterable<Lines>): AsyncGenerator<ExportLine> {
  for await (const some of lines) {
    if ('type' in some) yield some;
    else yield* some;
  }
}

/** Lines that are read at once, and all that is made of them, stay in the processor's cache. */
const BLOCK_BYTES = 1 << 16;

/** Blocks of whole lines, each without its last line feed, of little more than BLOCK_BYTES where lines are short. */
function cut(lines: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  let start = 0;
  for (
    let end = lines.indexOf(LINE_FEED, BLOCK_BYTES);
    end >= 0;
    end = lines.indexOf(LINE_FEED, start + BLOCK_BYTES)
  ) {
    blocks.push(lines.subarray(start, end));
    start = end + 1;
  }
  return [...blocks, lines.subarray(start)];
}

/** Whole lines without the last line feed, `before` of them read before; those before a fault, and the fault. */
function parseBlock(
  block: Uint8Array,
  before: number,
): { lines: ExportLine[]; fault: ExportFormatError | null } {
  const lines: ExportLine[] = [];
  try {
    for (const text of textsOf(block)) {
      const number = before + lines.length + 1;
      const line = typeof text === 'string' ? text : decode(text, number);
      lines.push(quickEntry(line) ?? parseExportLine(line, number));
    }
    return { lines, fault: null };
  } catch (error) {
    if (!(error instanceof ExportFormatError)) throw error;
    return { lines, fault: error };
  }
}

/** Decoded all at once, for no letter of several bytes holds a line feed; one by one where that cannot be. */
function textsOf(block: Uint8Array): (string | Uint8Array)[] {
  try {
    return decoder.decode(block).split('\n');
  } catch {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = block.indexOf(LINE_FEED); end >= 0; end = block.indexOf(LINE_FEED, start)) {
      lines.push(block.subarray(start, end));
      start = end + 1;
    }
    return [...lines, block.subarray(start)];
  }
}

/** One expression: to search for each by itself stops at every backslash there is, twice. */
const WRITTEN_IN_TWO_WAYS = /\\[u/]/;
const ENTRY_START = '{"type":"entry","entry":"';

/**
 * A line of an entry, as almost all are. What JSON can write in two ways, `\u` and `\/`, is left to the slow way, as is
 * whatever is wrong: then the text is what JSON.stringify writes, and need not be written again to know.
 */
function quickEntry(line: string): ExportLine | null {
  if (!line.startsWith(ENTRY_START) || !line.endsWith('"}')) return null;
  if (line.length > MAX_ENTRY_BYTES || WRITTEN_IN_TWO_WAYS.test(line) || !line.isWellFormed()) return null;
  try {
    const entry: unknown = JSON.parse(line.slice(ENTRY_START.length - 1, -1));
    return typeof entry === 'string' && entry !== '' ? { type: 'entry', entry } : null;
  } catch {
    return null;
  }
}

const LINE_FEED = 0x0a;
/** No letter takes more than three bytes a code unit. */
const MAX_LINE_BYTES = 3 * MAX_LINE_LENGTH;

/** The beginning of a line whose end has not come yet. */
class PartialLine {
  #pieces: Uint8Array[] = [];
  length = 0;

  add(piece: Uint8Array, number: number): void {
    if (piece.length === 0) return;
    this.length += piece.length;
    if (this.length > MAX_LINE_BYTES) throw new ExportFormatError(`line ${number} is too long`);
    this.#pieces.push(piece);
  }

  /** What ends with `block`, whole lines without the last line feed; of those only the first is copied. Then it is empty. */
  finish(block: Uint8Array): Uint8Array[] {
    if (this.length === 0) return [block];
    const end = block.indexOf(LINE_FEED);
    if (end < 0) return [this.#take(block)];
    return [this.#take(block.subarray(0, end)), block.subarray(end + 1)];
  }

  /** The whole line, whose last piece this is. */
  #take(last: Uint8Array): Uint8Array {
    const line = new Uint8Array(this.length + last.length);
    let at = 0;
    for (const piece of [...this.#pieces, last]) {
      line.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.length = 0;
    return line;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(line: Uint8Array, number: number): string {
  try {
    return decoder.decode(line);
  } catch {
    throw new ExportFormatError(`line ${number} is not UTF-8`);
  }
}
