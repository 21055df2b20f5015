// The lines of a ledger export (stabledoor/export/v1): one JSON object a line, described in docs/ledger-export.md.
// A reader takes no line that a writer would not write: what two programs could read differently proves nothing.
import { z } from 'zod';
import { MAX_ENTRY_BYTES } from './entry.ts';
import { hash, line, wholeNumber } from './entry-field.ts';

export const EXPORT_FORMAT = 'stabledoor/export/v1';
/** An entry of letters that JSON must escape takes twice its length; a policy text is the longest thing there is. */
const MAX_LINE_LENGTH = 2_000_000;
const MAX_POLICY_LENGTH = 1_000_000;
const MAX_NOTE_LENGTH = 100_000;

const exportLine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('manifest'),
    format: z.literal(EXPORT_FORMAT),
    origin: line(255),
    /** Entries that follow: 0 to size - 1. */
    size: wholeNumber,
    /** When the export was made, by the clock of the log. */
    exported_ms: wholeNumber,
  }),
  z.strictObject({ type: z.literal('entry'), entry: z.string().min(1).max(MAX_ENTRY_BYTES) }),
  z.strictObject({ type: z.literal('checkpoint'), note: z.string().min(1).max(MAX_NOTE_LENGTH) }),
  z.strictObject({ type: z.literal('key'), key: line(4096) }),
  z.strictObject({ type: z.literal('policy'), digest: hash, text: z.string().max(MAX_POLICY_LENGTH) }),
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

/** Lines of a file or a download, read as they come. The last line must end in a line feed: a cut file is refused. */
export async function* readExport(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    const lines = (rest + decode(decoder, number + 1, chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH)
      throw new ExportFormatError(`line ${number + lines.length + 1} is too long`);
    for (const text of lines) yield parseExportLine(text, ++number);
  }
  if (rest + decode(decoder, number + 1) !== '')
    throw new ExportFormatError(`line ${number + 1} is cut: it does not end in a line feed`);
}

function decode(decoder: TextDecoder, number: number, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new ExportFormatError(`line ${number} or the next is not UTF-8`);
  }
}
