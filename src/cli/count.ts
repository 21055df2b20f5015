// A whole number of the command line: an index, or a size.
import { UsageError } from './failure.ts';

/** From `least` to 2^53 - 1. Errors: UsageError that names the argument. */
export function readCount(name: string, text: string, least = 0): number {
  const count = Number(text);
  if (!/^(0|[1-9]\d{0,15})$/.test(text) || !Number.isSafeInteger(count) || count < least)
    throw new UsageError(`${name}: a whole number from ${least}`);
  return count;
}
