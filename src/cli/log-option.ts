// `--log`: which log of a line, where one was set back and another goes on for it.
import { type LogInForce, type LogName, lineOf } from '../ledger/log-in-force.ts';
import { UsageError } from './failure.ts';

export const logOption = [
  '--log <origin>',
  'a log that the present one goes on for; without it the present one',
] as const;

/** The log in force or one that it goes on for. Errors: UsageError. */
export function logNamed(log: LogInForce, origin: string | undefined): LogName {
  if (origin === undefined) return log;
  const line = lineOf(log);
  const found = line.find((one) => one.origin === origin);
  if (found) return found;
  throw new UsageError(`--log: there is ${line.map((one) => one.origin).join(', ')}, and no ${origin}`);
}
