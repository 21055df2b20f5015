// Which numbers of the meter store ended in nothing. Pure: from the numbers that have an entry, and how far the store had counted
// when nothing could be under way any more. It agrees with what verification counts as skipped at a restart.
import type { SettledReads } from './dropped-reads-store.ts';

/** A sequence may jump by as much after a crash of the store (PostgreSQL writes ahead 32 values). */
const RESTART_JUMP = 32;

/** Stands for the start of the store where no entry has a number yet: the first one of all follows no restart. */
export const beforeAll = '';

export interface Unaccounted {
  /** Each is to end in `read.dropped`, with the start of the store that it is put to. */
  readonly dropped: readonly SettledReads[];
  /** How many numbers a restart of the store skipped: reported, not counted. */
  readonly skipped: number;
  /** Up to here everything is accounted for, once the dropped ones have their entries. */
  readonly settled: SettledReads;
  /** There is more: ask again. */
  readonly goesOn: boolean;
}

/**
 * `settled` is accounted for, `known` has entries (after it, in order), `given` is how far the store had counted. No more than
 * `most` are dropped at once.
 */
export function findUnaccounted(
  settled: SettledReads,
  known: readonly SettledReads[],
  given: SettledReads,
  most: number,
): Unaccounted {
  const dropped: SettledReads[] = [];
  let skipped = 0;
  let last = settled;
  for (const next of [...known.filter(({ number }) => number <= given.number), null]) {
    const end = next ?? { number: given.number + 1, storeStart: given.storeStart };
    const missing = end.number - last.number - 1;
    const isJump = ![beforeAll, end.storeStart].includes(last.storeStart) && missing <= RESTART_JUMP;
    if (missing > 0 && isJump) {
      // Behind it nothing has an entry yet: the jump may go on, and be more than a jump.
      if (next === null) break;
      skipped += missing;
    } else
      for (let number = last.number + 1; number < end.number; number++) {
        if (dropped.length === most) return { dropped, skipped, settled: last, goesOn: true };
        last = { number, storeStart: end.storeStart };
        dropped.push(last);
      }
    if (next !== null) last = next;
  }
  return { dropped, skipped, settled: last, goesOn: false };
}
