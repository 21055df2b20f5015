// The clock as the rest of the house sees it: milliseconds since 1970, and a settable one for tests.
// Nothing outside db/clock.ts may ask the machine for the time: one clock orders broker and database.

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs(): number;
}

export interface SettableClock extends Clock {
  set(ms: number): void;
  advance(ms: number): void;
}

export function settableClock(startMs: number): SettableClock {
  let now = startMs;
  return {
    nowMs: () => now,
    set: (ms) => {
      now = ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

/** Whole seconds since 1970, as JWT claims want them (RFC 7519 section 2, NumericDate). */
export const nowSeconds = (clock: Clock): number => Math.floor(clock.nowMs() / 1000);
