// What can go wrong with an append. Every one of them means: nothing may be released.
import { StabledoorError } from '../lib/errors.ts';

/** A guard failed and the request brought no refusal to write. */
export class GuardRefused extends Error {
  override readonly name = 'GuardRefused';
  readonly reason: string;
  constructor(reason: string) {
    super(`refused by a guard: ${reason}`);
    this.reason = reason;
  }
}

/** The log holds this request already: an answer to it may have been lost. */
export class RequestRepeated extends Error {
  override readonly name = 'RequestRepeated';
  readonly index: number;
  constructor(index: number) {
    super(`this request is entry ${index} already`);
    this.index = index;
  }
}

export class ClockFault extends Error {
  override readonly name = 'ClockFault';
  constructor(lastMs: number, nowMs: number) {
    super(`the clock is ${lastMs - nowMs} ms behind the last entry`);
  }
}

const entryFaults = /^(22|23|42|P0|SD003)/;

/**
 * Not the server's trouble, an entry's: data or constraint (SQLSTATE 22, 23), a guard that does not exist or raised an
 * error of its own (42, P0), a batch that does not link (SD003). The others of its batch deserve another try.
 */
export function isFaultOfAnEntry(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && entryFaults.test(code);
}

/** This process must not write: the log was set back, or its witnesses are too late. The caller hears no reason. */
export class GateShut extends StabledoorError {
  constructor(why: string) {
    super('ledger_unavailable', undefined, {}, {}, new Error(why));
  }
}
