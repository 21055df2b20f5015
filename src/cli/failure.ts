// Turns whatever was thrown into one line and an exit code: 1 a failure, 2 wrong usage, 78 a bad setting.
// A stack never reaches the terminal, and neither does a connection string.
import { CommanderError } from 'commander';
import { ConfigError, configExitCode } from '../config.ts';
import { isUnreachable } from '../db/unreachable.ts';
import { errorCatalogue } from '../lib/error-catalogue.ts';
import { StabledoorError } from '../lib/errors.ts';

export const exitCodes = { failure: 1, usage: 2, badSetting: configExitCode } as const;

/** The command was called in a way that cannot work; says which argument and why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command did its work and the answer is bad news, which has been printed already. */
export class BadNews extends Error {
  override readonly name = 'BadNews';
}

export interface Failure {
  readonly exitCode: number;
  /** Null when all has been said. */
  readonly line: string | null;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof BadNews) return { exitCode: exitCodes.failure, line: null };
  // Commander has printed help, version or its own complaint by now.
  if (error instanceof CommanderError)
    return { exitCode: error.exitCode === 0 ? 0 : exitCodes.usage, line: null };
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, line: error.message };
  if (error instanceof ConfigError) return { exitCode: exitCodes.badSetting, line: error.message };
  return { exitCode: exitCodes.failure, line: wordsOf(error) };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'a fault without words';
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  if (error instanceof StabledoorError) return oneLine(titled(error));
  const message = error.message || (inner instanceof Error ? inner.message : '') || error.name;
  if (isUnreachable(error) || isUnreachable(inner)) return `the database does not answer (${message})`;
  return oneLine(message);
}

const oneLine = (text: string): string => text.split('\n')[0] as string;

/** What is wrong, then the case or what to do: where there is no detail, the message is advice alone. */
const titled = ({ code, message }: StabledoorError): string => `${errorCatalogue[code].title}. ${message}`;
