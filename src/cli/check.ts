// One look that the doctor takes, and what it found: sound, or faulty and how to mend it.
import { failureOf } from './failure.ts';
import { oneLine } from './output.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'sound' | 'faulty' | 'not checked';
  /** What was found. */
  readonly detail: string;
  /** What to do about it; only where it is faulty. */
  readonly mend?: string;
}

export interface Check {
  readonly name: string;
  /** What to do when `look` throws; the thrown message says what is wrong. */
  readonly mend: string;
  readonly look: () => Promise<string>;
}

export async function run(check: Check): Promise<Finding> {
  try {
    return { check: check.name, state: 'sound', detail: oneLine(await check.look()) };
  } catch (error) {
    const detail = oneLine(failureOf(error).line ?? 'it failed');
    return { check: check.name, state: 'faulty', detail, mend: check.mend };
  }
}
