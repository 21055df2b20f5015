// Reads TypeScript well enough to check the architecture: what is code, what is text or comment, and what is imported.
// Not a parser: it knows strings, templates, comments and regular expressions, so that no rule fires on words in a text.

export interface Import {
  readonly specifier: string;
  /** The names it takes, as written: `{ sql }`, `* as fs`, or nothing; without those that are only types. */
  readonly values: string;
  readonly line: number;
}

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly lines: number;
  /** The text with comments and the insides of strings blanked, of the same length. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = blank(text);
  return { path, lines: text.split('\n').length - 1, code, imports: importsOf(code, text) };
}

export const lineAt = (code: string, index: number): number => code.slice(0, index).split('\n').length;

const statement = /(?<![\w.$])(?:import|export)\b([^;'"`()=]*?)\bfrom\s*(?=['"])/g;
const bare = /(?<![\w.$])import\s*(?=['"])/g;
const dynamic = /(?<![\w.$])(?:import|require)\s*\(\s*/g;

function importsOf(code: string, text: string): Import[] {
  const found = (pattern: RegExp) =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: quoted(text, match.index + match[0].length),
      values: withoutTypes(match[1] ?? '*'),
      line: lineAt(code, match.index),
    }));
  return [...found(statement), ...found(bare), ...found(dynamic)];
}

/** The string literal that begins at `start`; `(computed)` when there is none. */
function quoted(text: string, start: number): string {
  const quote = text[start] ?? '';
  const end = text.indexOf(quote, start + 1);
  return `'"\``.includes(quote) && end > 0 ? text.slice(start + 1, end) : '(computed)';
}

const withoutTypes = (names: string): string =>
  names.trim().startsWith('type ') ? '' : names.replace(/\btype\s+\w+(\s+as\s+\w+)?\s*,?/g, '').trim();

// In this order: what a slash or a quote begins depends on what stands there first.
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[`{}]|[\w$]+|\s+|./g;
const spaces = (text: string): string => text.replace(/[^\n]/g, ' ');
const inside = (text: string): string => text.slice(0, 1) + spaces(text.slice(1, -1)) + text.slice(-1);

function blank(text: string): string {
  let out = '';
  // One number for each open template: how many braces are open inside its `${`.
  const templates: number[] = [];
  let before = '';
  let at = 0;
  const template = (): void => {
    const rest = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y;
    rest.lastIndex = at;
    const [part = ''] = rest.exec(text) ?? [];
    const close = part.endsWith('${') ? '${' : part.endsWith('`') ? '`' : '';
    out += spaces(part.slice(0, part.length - close.length)) + close;
    at += part.length;
    if (close === '${') templates.push(0);
  };
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text)?.[0] ?? text.slice(at);
    const first = match[0] ?? '';
    const slash = match.length > 1 && first === '/' && match[1] !== '/' && match[1] !== '*';
    const piece = slash && !startsRegex(before) ? '/' : match;
    at += piece.length;
    if (piece.startsWith('//') || piece.startsWith('/*')) out += spaces(piece);
    else if (piece.length > 1 && `'"/`.includes(first)) out += inside(piece);
    else out += piece;
    if (piece === '`') template();
    const open = templates.length - 1;
    if (piece === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
    if (piece === '}' && open >= 0) {
      if (templates[open] === 0) {
        templates.pop();
        template();
      } else templates[open] = (templates[open] ?? 0) - 1;
    }
    if (piece.trim() && !piece.startsWith('//') && !piece.startsWith('/*')) before = piece;
  }
  return out;
}

/** Whether a slash after this token begins a regular expression and is no division. */
const startsRegex = (before: string): boolean =>
  before === '' || /^(?:[([{},;:=!&|?+\-*%<>~^]|return|typeof|case|in|of|await|yield)$/.test(before);
