// Watches over what must hold for anything to be written: rights, durability, a whole table, a clock, and a head that
// nobody has set back. What fails shuts the write gate with one line; what is mended opens it. Behind the appends it
// keeps the head guard.
import type { Database } from '../db/database.ts';
import type { Logger } from '../observe/logger.ts';
import { type ClockCheck, type MachineTimes, openClockCheck } from './clock-check.ts';
import { findEdgeFault, findHeadFault, findRollback, type HeadTrust } from './head-check.ts';
import type { HeadGuard } from './head-guard.ts';
import { type HeadState, readHead } from './head-store.ts';
import { findDamage } from './ledger-store.ts';
import { findRightsFault } from './start-check.ts';
import type { WriteGate } from './write-gate.ts';

export interface WriteWatchParts extends HeadTrust {
  readonly db: Database;
  readonly guard: HeadGuard;
  readonly gate: WriteGate;
  readonly times: MachineTimes;
  readonly logger: Logger;
  readonly lookEveryMs?: number;
}

export interface WriteWatch {
  /** Entries that the log is known to have had: a batch that finds fewer must not be written. */
  knownSize(): number;
  /** Something was appended: the head guard follows soon. */
  appended(): void;
  /** Looks at everything now. */
  look(): Promise<void>;
  /** Lets the head guard follow a last time. */
  close(): Promise<void>;
}

const lookEveryMs = 5000;
/** How far the head guard may be behind what was acknowledged. */
const followWithinMs = 200;
const owner = 'write watch';

/** Looks before it resolves: afterwards the gate says whether anything may be written. Errors: the database's. */
export async function openWriteWatch(parts: WriteWatchParts): Promise<WriteWatch> {
  const watch = new Watch(parts);
  await watch.look(true);
  let turn: Promise<void> = Promise.resolve();
  let following: NodeJS.Timeout | undefined;
  let closed = false;
  const take = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(work).catch((error: unknown) => {
      // What cannot be asked cannot be written to either; and if only the guard's disk fails, its next turn comes.
      parts.logger.error({ err: error }, 'the checks of the ledger could not be made');
    });
    return turn;
  };
  const looking = setInterval(() => void take(() => watch.look(false)), parts.lookEveryMs ?? lookEveryMs);
  looking.unref();
  return {
    knownSize: () => watch.knownSize,
    appended() {
      if (closed) return;
      following ??= setTimeout(() => {
        following = undefined;
        void take(() => watch.follow());
      }, followWithinMs);
      following.unref();
    },
    look: () => take(() => watch.look(true)),
    async close() {
      closed = true;
      clearInterval(looking);
      clearTimeout(following);
      await take(() => watch.follow());
    },
  };
}

class Watch {
  readonly #parts: WriteWatchParts;
  readonly #clock: ClockCheck;
  knownSize = 0;

  constructor(parts: WriteWatchParts) {
    this.#parts = parts;
    this.#clock = openClockCheck(parts.times);
  }

  /** `whole`: the right edge too, which reads a few hundred entries. */
  async look(whole: boolean): Promise<void> {
    const { db, gate, logger } = this.#parts;
    const fault = await this.#find(whole);
    const before = gate.whyShut();
    if (fault === null) gate.open(owner);
    else gate.shut(owner, fault);
    if (fault !== null && before !== fault) logger.fatal({ fault }, 'nothing is written to the ledger');
    if (fault === null && before !== null && gate.whyShut() === null)
      logger.info('the ledger is written again');
    if (fault === null) await this.#keep(await readHead(db, this.#parts.logId));
  }

  async #find(whole: boolean): Promise<string | null> {
    const { db, logId, guard } = this.#parts;
    const fault = (await findRightsFault(db)) ?? (await findDamage(db, logId));
    if (fault !== null) return fault;
    const head = await readHead(db, logId);
    if (head === null) return await findRollback(db, this.#parts, nothing, guard);
    if (head.succeeded_by !== null)
      return `this log is closed, and ${head.succeeded_by} goes on: start the broker again`;
    const restoredFrom = await guard.restoredFrom();
    return (
      (restoredFrom === null
        ? null
        : `this log was restored from a backup of ${restoredFrom}, and what was written since is lost`) ??
      (await findRollback(db, this.#parts, head, guard)) ??
      this.#setBack(head) ??
      (await findHeadFault(this.#parts, head)) ??
      (whole ? await findEdgeFault(db, this.#parts, head) : null) ??
      this.#clock.find(head)
    );
  }

  /** After an append. A log that shrank is not followed: the next look says so, and until then the known size does. */
  async follow(): Promise<void> {
    const { db, logId, gate } = this.#parts;
    const head = await readHead(db, logId);
    const fault = head === null ? null : this.#setBack(head);
    if (fault !== null) gate.shut(owner, fault);
    else if (gate.whyShut() === null) await this.#keep(head);
  }

  #setBack({ size }: HeadState): string | null {
    if (size >= this.knownSize) return null;
    return `this log has been set back: it had ${this.knownSize} entries, and there are ${size}`;
  }

  /** Another process may have kept a newer one: the guard only grows. */
  async #keep(head: HeadState | null): Promise<void> {
    if (head === null || head.note === null) return;
    const { guard } = this.#parts;
    const kept = await guard.find();
    if (kept === null || kept.size < head.size) await guard.keep(head.note);
    this.knownSize = Math.max(this.knownSize, head.size, kept?.size ?? 0);
  }
}

/** A log that was never opened here. */
const nothing: HeadState = {
  size: 0,
  tip: Buffer.alloc(32),
  frontier: [],
  last_ms: 0,
  now_ms: 0,
  offset_ms: 0,
  mode: '',
  succeeded_by: null,
  checkpoint_size: null,
  note: null,
};
