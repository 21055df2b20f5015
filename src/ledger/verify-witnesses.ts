// What witnesses whose keys the caller brought have seen: how much of the log, when, and whether the times that entries
// give themselves can be true. An honest witness signs after the entries that it covers and before those that follow.
import type { VerifiedSignature } from './verifier-key.ts';

/** Clocks differ, and a checkpoint is a moment old when a witness signs it. */
export const WITNESS_SLACK_SECONDS = 60;

export interface Witnessed {
  /** Entries that the newest cosigned checkpoint covers. */
  readonly size: number;
  /** Of its earliest cosignature, in seconds since 1970. */
  readonly timeSeconds: number;
  /** Names of its witnesses. */
  readonly witnesses: readonly string[];
}

export class WitnessCheck {
  /** Seconds that entries since the last cosigned checkpoint give, in order, and how many give each. */
  #waiting: { second: number; count: number }[] = [];
  #afterSeconds = 0;
  #outOfTime = 0;
  #last: Witnessed | null = null;
  readonly #isNeeded: boolean;

  /** Without witnesses that count nothing need be remembered. */
  constructor(hasWitnesses: boolean) {
    this.#isNeeded = hasWitnesses;
  }

  get last(): Witnessed | null {
    return this.#last;
  }

  /** Entries covered by a cosigned checkpoint whose times lie outside the cosignatures around them. */
  get outOfTime(): number {
    return this.#outOfTime;
  }

  takeEntry(timeMs: number): void {
    if (!this.#isNeeded) return;
    const second = Math.floor(timeMs / 1000);
    const newest = this.#waiting.at(-1);
    if (newest?.second === second) newest.count++;
    else this.#waiting.push({ second, count: 1 });
  }

  /** A valid checkpoint of `size` with these signatures, all verified. */
  cover(size: number, signatures: readonly VerifiedSignature[]): void {
    const cosignatures = signatures.flatMap(({ key, timeSeconds }) =>
      timeSeconds === null ? [] : [{ name: key.name, timeSeconds }],
    );
    if (cosignatures.length === 0) return;
    const earliest = Math.min(...cosignatures.map(({ timeSeconds }) => timeSeconds));
    const from = this.#afterSeconds - WITNESS_SLACK_SECONDS;
    const until = earliest + WITNESS_SLACK_SECONDS;
    for (const { second, count } of this.#waiting)
      if (second < from || second > until) this.#outOfTime += count;
    this.#waiting = [];
    this.#afterSeconds = earliest;
    this.#last = { size, timeSeconds: earliest, witnesses: cosignatures.map(({ name }) => name) };
  }
}
