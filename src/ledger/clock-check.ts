// Whether the clock that times entries can be believed: not behind the log, not apart from this machine's, and not moved
// while we run. A clock that runs ahead would time entries falsely, and stop the log once it is set right.
import type { HeadState } from './head-store.ts';

/** A clock this far behind the last entry is waited out by standing still; further, it is a fault. */
export const clockSlackMs = 2000;
/** Between two clocks, or between a clock and the time that passed. */
const tolerance = 5000;

export interface MachineTimes {
  /** Milliseconds since 1970, by this machine's clock. */
  wallMs(): number;
  /** Milliseconds since this machine started, asleep or awake: nobody can set it. */
  uptimeMs(): number;
}

export interface ClockCheck {
  /** One line of what is wrong, or null. `head` was read just now. */
  find(head: HeadState): string | null;
}

const seconds = (ms: number): string => `${Math.ceil(Math.abs(ms) / 1000)} s`;

export function openClockCheck(times: MachineTimes): ClockCheck {
  const startedAt = times.wallMs() - times.uptimeMs();
  return {
    find({ last_ms, now_ms, offset_ms, mode }) {
      if (mode === 'production' && offset_ms !== 0)
        return `ledger.now() was moved by ${seconds(offset_ms)}, which production refuses`;
      const behindMs = last_ms - now_ms;
      if (behindMs > clockSlackMs) return `the clock is ${seconds(behindMs)} behind the newest entry`;
      const wallMs = times.wallMs();
      const jumpMs = wallMs - times.uptimeMs() - startedAt;
      if (Math.abs(jumpMs) > tolerance)
        return `the clock of this machine went ${jumpMs > 0 ? 'forward' : 'back'} by ${seconds(jumpMs)}: set it right, or restart if it is right now`;
      const apartMs = now_ms - offset_ms - wallMs;
      if (Math.abs(apartMs) > tolerance)
        return `the database's clock is ${seconds(apartMs)} ${apartMs > 0 ? 'ahead of' : 'behind'} this machine's`;
      return null;
    },
  };
}
