// The one logger. Secrets never reach it: what could hold one is cut out by name, whoever logs it.
import { type Logger, pino } from 'pino';

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

export function openLogger(level: string): Logger {
  return pino({ name: 'stabledoor', level, redact: { paths: secretPaths, censor: '[hidden]' }, base: null });
}
