// A ledger that takes nothing from anyone until what must stand in it first has been written (policies, keys). Where
// nothing may be written at the start, the log can be read all the same, and a stop is kept.
import type { Logger } from '../observe/logger.ts';
import { GateShut } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { WriteGate } from './write-gate.ts';

export interface HeldLedgerParts {
  readonly ledger: Ledger;
  readonly gate: WriteGate;
  readonly logger: Logger;
  /** Writes what must come first. Tried again until it succeeds. */
  first(): Promise<void>;
  readonly tryEveryMs?: number;
}

export interface HeldLedger {
  readonly ledger: Ledger;
  /** Call once, when `first` can be called. Errors: those of `first`, where the gate is open. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function holdLedger({ ledger, gate, logger, first, tryEveryMs = 1000 }: HeldLedgerParts): HeldLedger {
  let held = true;
  let trying: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const refuse = () => new GateShut(gate.whyShut() ?? 'the start is not over');
  const attempt = async () => {
    if (!held || gate.whyShut() !== null) return;
    await first();
    held = false;
    clearInterval(timer);
  };
  return {
    ledger: {
      ...ledger,
      get verifierKey() {
        return ledger.verifierKey;
      },
      append: async (request) => {
        if (held) throw refuse();
        return await ledger.append(request);
      },
      appendWithin: async (tx, requests) => {
        if (held) throw refuse();
        return await ledger.appendWithin(tx, requests);
      },
    },
    async start() {
      await attempt();
      if (!held) return;
      logger.fatal({ why: gate.whyShut() }, 'nothing is written: the ledger can only be read');
      timer = setInterval(() => {
        trying = trying
          .then(attempt)
          .catch((error: unknown) => logger.error({ err: error }, 'the start is not over'));
      }, tryEveryMs);
      timer.unref();
    },
    async close() {
      clearInterval(timer);
      await trying;
    },
  };
}
