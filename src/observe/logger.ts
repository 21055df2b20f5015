// The one logger. Secrets never reach it: what could hold one is cut out by name, whoever logs it.
// Of what a database says, only what names no value is kept: its details quote the row that it refused.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

const secretPaths = [
  'authorization',
  'dpop',
  'cookie',
  'password',
  'code',
  'token',
  'client_assertion',
  'code_verifier',
  'email',
  '*.authorization',
  '*.dpop',
  '*.cookie',
  '*.password',
  '*.code',
  '*.token',
  '*.client_assertion',
  '*.code_verifier',
  '*.email',
];

/** `to` is standard output unless said otherwise. */
export function openLogger(level: string, to?: DestinationStream): Logger {
  const options = {
    name: 'stabledoor',
    level,
    redact: { paths: secretPaths, censor: '[hidden]' },
    serializers: { err: (error: unknown) => describeError(error) },
    base: null,
  };
  return to === undefined ? pino(options) : pino(options, to);
}

const mostCauses = 4;

type Described = { readonly [name: string]: string | Described | undefined };

function describeError(error: unknown, depth = 0): Described {
  if (!(error instanceof Error))
    return typeof error === 'string' ? { message: error } : { type: typeof error };
  const cause =
    error.cause === undefined || depth === mostCauses ? {} : { cause: describeError(error.cause, depth + 1) };
  const { sqlstate, ...named } = databaseFault(error);
  if (sqlstate !== undefined)
    return { type: error.name, sqlstate, ...named, stack: framesOf(error), ...cause };
  return { type: error.name, message: error.message, ...codeOf(error), stack: framesOf(error), ...cause };
}

/** What PostgreSQL says by name. Its message is kept only where our own functions wrote it. */
function databaseFault(error: Error): Described {
  const { code, severity, constraint, table, message } = error as unknown as Record<string, unknown>;
  if (typeof code !== 'string' || typeof severity !== 'string') return {};
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    sqlstate: code,
    constraint: text(constraint),
    table: text(table),
    message: /^(SD|08|25|40|42|5)/.test(code) ? text(message) : undefined,
  };
}

/** Under another name than `code`, which is cut out. */
const codeOf = (error: Error): Described =>
  'code' in error && typeof error.code === 'string' ? { error_code: error.code } : {};

/** Without the first lines, which repeat the message. */
const framesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
