// What the tests of verification share: an honest log bent in one place, and the violations that a verdict must name.
import assert from 'node:assert/strict';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import { type Verdict, type ViolationKind, violationKinds } from '../../src/ledger/verdict.ts';
import { drafts, entriesOf, exportOf, honest, type Step, verifyLines } from './small-log.ts';

/** Kinds that `finds` was given in this process. */
export const shown = new Set<ViolationKind>();
export const verifySteps = (steps: readonly Step[]): Promise<Verdict> =>
  verifyLines(exportOf(entriesOf(steps)));

/** The verdict finds exactly these, in this order. */
export function finds(verdict: Verdict, ...expected: [number | null, ViolationKind][]): void {
  assert.deepEqual(
    verdict.violations.map(({ index, kind }) => [index, kind]),
    expected,
    JSON.stringify(verdict.violations, null, 1),
  );
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violationCount, expected.length);
  for (const [, kind] of expected) shown.add(kind);
}

export const at = (steps: readonly Step[], index: number, bend: Partial<Step>): Step[] =>
  steps.map((step, i) => (i === index ? { ...step, ...bend } : step));
export const honestThen = (...after: (EntryDraft | Step)[]): Step[] => [
  ...honest,
  ...after.map((step) => ('draft' in step ? step : { draft: step })),
];
export const disclosure = drafts.disclosure;
/** A second disclosure of the honest log, bent: entry 8. */
export const read = (bend: Partial<typeof disclosure>): EntryDraft => ({
  ...disclosure,
  store_read: '1700000000/2',
  ...bend,
});
export const given = drafts['consent.given'];

const firstOfMeaning = violationKinds.indexOf('policy_not_in_force');
/** Kinds of bytes, chain, tree and signatures; the others are of meaning. */
export const chainKinds: readonly ViolationKind[] = violationKinds.slice(0, firstOfMeaning);
export const meaningKinds: readonly ViolationKind[] = violationKinds.slice(firstOfMeaning);
