// What the command line says: an answer on stdout, as JSON or as words, and everything else on stderr, one line each.
// An answer is never mixed with anything else, so that it can be piped.
import type { JsonValue } from '../lib/canonical-json.ts';

export interface Output {
  /** The command's answer: `value` with --json, else `text`. */
  answer(value: JsonValue, text: string): void;
  /** A remark for whoever sits at a terminal; none in a pipe. */
  remark(line: string): void;
  /** One line on stderr, always. */
  complain(line: string): void;
}

export function openOutput(json: boolean): Output {
  // A reader that has seen enough (`| head`) is no fault of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    answer(value, text) {
      process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text.trimEnd()}\n`);
    },
    remark(line) {
      if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
    },
    complain(line) {
      process.stderr.write(`stabledoor: ${oneLine(line)}\n`);
    },
  };
}

/** Control characters of a name or a file could pass for a line of ours. */
export const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();

/** Columns padded to their widest cell; the last is left as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
