// How often a caller may do a thing, over all processes together. Each process leases slices of the allowance and counts
// within them in memory: no write for each request, and none at all from a caller whose allowance is spent.
import { createHash } from 'node:crypto';
import type { Store } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../observe/logger.ts';
import { leaseSlice } from './limit-store.ts';
import type { RatePolicies, RatePolicyName } from './rate-policies.ts';

export interface RateVerdict {
  readonly allowed: boolean;
  readonly policy: RatePolicyName;
  readonly quota: number;
  readonly windowSeconds: number;
  /** At least this many are left, as far as this process knows. */
  readonly remaining: number;
  readonly resetSeconds: number;
}

export interface RateLimiter {
  /** Counts one. A promise only where the slice is used up and another is on its way. */
  take(policy: RatePolicyName, caller: string): RateVerdict | Promise<RateVerdict>;
  /** Counts nothing. */
  look(policy: RatePolicyName, caller: string): RateVerdict;
}

export interface RateLimiterParts {
  readonly db: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Allowance {
  readonly windowNumber: number;
  /** Of the slices leased so far; below zero by what was let through while the first lease was on its way. */
  left: number;
  /** Leased by all processes. */
  leased: number;
  spent: boolean;
  leasing: Promise<void> | null;
}

/** Quotas below this are held exactly; of larger ones a process may let a slice through before it has leased it. */
const smallQuota = 100;
const slices = 20;
const mostCallers = 100_000;

export function rateLimiter(parts: RateLimiterParts, policies: RatePolicies): RateLimiter {
  const allowances = new Map<string, Allowance>();

  function allowanceOf(policy: RatePolicyName, caller: string): Allowance {
    const name = `${policy} ${caller}`;
    const windowNumber = Math.floor(parts.clock.nowMs() / 1000 / policies[policy].windowSeconds);
    const known = allowances.get(name);
    if (known?.windowNumber === windowNumber) return known;
    allowances.delete(name);
    // Forgets whoever came first: what it leased stays leased, so forgetting makes nobody's allowance larger.
    if (allowances.size >= mostCallers)
      for (const oldest of allowances.keys()) if (allowances.delete(oldest)) break;
    const made: Allowance = { windowNumber, left: 0, leased: 0, spent: false, leasing: null };
    allowances.set(name, made);
    return made;
  }

  function lease(policy: RatePolicyName, caller: string, allowance: Allowance): void {
    const { quota, windowSeconds } = policies[policy];
    const slice = sliceOf(quota);
    allowance.leasing = leaseSlice(parts.db, {
      ...{ policy, caller: digest(caller), windowNumber: allowance.windowNumber, windowSeconds, slice },
    })
      .then((leased) => {
        allowance.leased = leased;
        const granted = Math.max(0, Math.min(slice, quota - (leased - slice)));
        allowance.left += granted;
        allowance.spent = granted < slice;
      })
      .catch((error: unknown) => {
        // Without the database nothing can be had anyway; the limit must not be what stands in the way.
        parts.logger.warn({ err: error, policy }, 'an allowance could not be leased');
        allowance.left += slice;
      })
      .finally(() => {
        allowance.leasing = null;
      });
  }

  function verdictOf(policy: RatePolicyName, allowance: Allowance, allowed: boolean): RateVerdict {
    const { quota, windowSeconds } = policies[policy];
    const remaining = Math.max(0, Math.min(quota, quota - allowance.leased + allowance.left));
    const endsMs = (allowance.windowNumber + 1) * windowSeconds * 1000;
    const resetSeconds = Math.max(1, Math.ceil((endsMs - parts.clock.nowMs()) / 1000));
    return { allowed, policy, quota, windowSeconds, remaining, resetSeconds };
  }

  function take(policy: RatePolicyName, caller: string): RateVerdict | Promise<RateVerdict> {
    const allowance = allowanceOf(policy, caller);
    const { quota } = policies[policy];
    const slice = sliceOf(quota);
    const early = quota >= smallQuota ? slice : 0;
    if (allowance.left <= early / 2 && !allowance.spent && !allowance.leasing)
      lease(policy, caller, allowance);
    const floor = allowance.leasing ? -early : 0;
    if (allowance.left > floor) {
      allowance.left--;
      return verdictOf(policy, allowance, true);
    }
    if (!allowance.leasing) return verdictOf(policy, allowance, false);
    return allowance.leasing.then(() => take(policy, caller));
  }

  return {
    take,
    look(policy, caller) {
      const allowance = allowanceOf(policy, caller);
      return verdictOf(policy, allowance, allowance.left > 0 || !allowance.spent);
    },
  };
}

const sliceOf = (quota: number): number => Math.max(1, Math.ceil(quota / slices));
const digest = (caller: string): Buffer => createHash('sha256').update(caller).digest().subarray(0, 16);
