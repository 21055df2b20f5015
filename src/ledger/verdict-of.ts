// The verdict on one log, from what was seen of it and what was found.
import { type ProvenGround, whatIsUnproven } from './unproven.ts';
import type { Findings, Verdict } from './verdict.ts';

/** `origin` is null where the file has no manifest to say it. */
export const verdictOf = (origin: string | null, ground: ProvenGround, findings: Findings): Verdict => ({
  sound: findings.count === 0,
  origin,
  from: ground.from,
  size: ground.size,
  keys: ground.keys,
  witnesses: ground.witnessed?.witnesses ?? [],
  former: ground.former,
  witnessed: ground.witnessed,
  policy: ground.policy,
  violations: findings.kept,
  violationCount: findings.count,
  counts: ground.counts,
  unproven: whatIsUnproven(ground),
});
