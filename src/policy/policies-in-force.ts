// The policy set in force at each moment, in a broker that runs: a set begins to bind at its time, without a restart. A set
// that another process published at once is seen within a second or two; until then the guard refuses what rests on the old one.
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../observe/logger.ts';
import { openPolicyText, type Policy } from './engine.ts';
import { countPublished, inForceAt, listSchedule, type ScheduledPolicy } from './policy-store.ts';
import { parsePolicyText } from './policy-text.ts';

export interface PoliciesInForce {
  now(): Policy;
  /** Looks at what is published. Errors: a set that this version cannot open. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface InForceParts {
  readonly db: Database;
  readonly logId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What decides until the first set is published; the guard lets nothing out by it. */
  readonly first: Policy;
  readonly lookEveryMs?: number;
}

interface Opened {
  readonly policy: Policy;
  readonly effectiveAt: Date;
}

/** Errors: a published set that this version cannot open, in one line. */
export async function openPoliciesInForce(parts: InForceParts): Promise<PoliciesInForce> {
  const { db, logId, clock, logger, first, lookEveryMs = 1000 } = parts;
  let schedule: readonly Opened[] = [];
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    if ((await countPublished(db, logId)) === schedule.length) return;
    const rows = await listSchedule(db, logId);
    // A set that cannot be in force any more is not opened.
    const current = inForceAt(rows, clock.nowMs());
    schedule = rows.map((row) => ({
      effectiveAt: row.effectiveAt,
      policy: current !== null && row.place < current.place ? first : openedOf(row),
    }));
  }
  const opened = new Map<string, Policy>([[first.digest, first]]);
  function openedOf({ digest, text }: ScheduledPolicy): Policy {
    const policy = opened.get(digest) ?? openPolicyText(parsePolicyText(text));
    opened.set(digest, policy);
    return policy;
  }

  await look();
  const timer = setInterval(() => {
    looking = looking
      .then(look)
      .catch((error: unknown) => logger.error({ err: error }, 'the published policies could not be read'));
  }, lookEveryMs);
  timer.unref();
  return {
    now: () => inForceAt(schedule, clock.nowMs())?.policy ?? first,
    refresh: look,
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
