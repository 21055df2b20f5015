// Accounts for the numbers that the meter store gives its reads: each must end in one entry.
// A number twice is a violation; a number without an entry is a read that the log does not explain.
import type { StoreReadCounts } from './verdict.ts';
import { EarlierEntries } from './verify-earlier.ts';

/** A sequence may jump by as much after a crash of the store (PostgreSQL writes ahead 32 values). */
const RESTART_JUMP = 32;
/** Ranges kept to be filled later: reads end out of order only by what is in flight. */
const MAX_RANGES = 10_000;

interface MissingRange {
  from: number;
  to: number;
  readonly atRestart: boolean;
}

const width = ({ from, to }: MissingRange): number => to - from + 1;

export class StoreReadCheck {
  #numbered = 0;
  #next = 1;
  #start: string | null = null;
  #missing: MissingRange[] = [];
  /** Below this no range is kept any more. */
  #forgottenTo = 0;
  #forgotten = 0;
  readonly #startsAnywhere: boolean;
  readonly #earlier: EarlierEntries;

  /** A log that goes on for another finds a store that has counted before. */
  constructor({ startsAnywhere = false, earlier = new EarlierEntries() } = {}) {
    this.#startsAnywhere = startsAnywhere;
    this.#earlier = earlier;
  }

  /** `storeRead` is `<store start>/<n>`. False if an entry has that number already. */
  take(storeRead: string): boolean {
    const slash = storeRead.lastIndexOf('/');
    const start = storeRead.slice(0, slash);
    const number = Number(storeRead.slice(slash + 1));
    if (this.#startsAnywhere && this.#start === null && number > 0) this.#next = number;
    const isNew = number >= this.#next ? this.#advance(start, number) : this.#fill(number);
    if (isNew) this.#numbered++;
    return isNew;
  }

  counts(): StoreReadCounts {
    const total = (atRestart: boolean) =>
      this.#missing
        .filter((range) => range.atRestart === atRestart)
        .reduce((sum, range) => sum + width(range), 0);
    return {
      numbered: this.#numbered,
      missing: total(false) + this.#forgotten,
      skippedAtRestart: total(true),
    };
  }

  #advance(start: string, number: number): true {
    const range = { from: this.#next, to: number - 1 };
    // Numbers below the first of a later part are for the entries before it to account for.
    if (this.#start === null && this.#earlier.length > 0) this.#forgottenTo = range.to;
    else this.#skip(range, start);
    this.#start = start;
    this.#next = number + 1;
    return true;
  }

  #skip(range: { from: number; to: number }, start: string): void {
    const hasRestarted = this.#start !== null && this.#start !== start;
    if (range.from <= range.to) {
      const atRestart = hasRestarted && range.to - range.from + 1 <= RESTART_JUMP;
      this.#missing.push({ ...range, atRestart });
      if (this.#missing.length > MAX_RANGES) this.#forgetOldest();
    }
  }

  #fill(number: number): boolean {
    // From the newest: what is filled was in flight a moment ago.
    for (let i = this.#missing.length - 1; i >= 0; i--) {
      const range = this.#missing[i] as MissingRange;
      if (number > range.to) return false;
      if (number < range.from) continue;
      const rest = [
        { ...range, to: number - 1 },
        { ...range, from: number + 1 },
      ].filter((part) => part.from <= part.to);
      this.#missing.splice(i, 1, ...rest);
      return true;
    }
    return number > 0 && number <= this.#forgottenTo;
  }

  #forgetOldest(): void {
    const oldest = this.#missing.shift() as MissingRange;
    this.#forgottenTo = oldest.to;
    this.#forgotten += width(oldest);
  }
}
