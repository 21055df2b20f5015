// Verification of meaning: each disclosure must be covered by what the log itself says before it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import type { ViolationKind } from '../../src/ledger/verdict.ts';
import {
  at,
  type disclosure,
  finds,
  given,
  honestThen,
  meaningKinds,
  read,
  shown,
  verifySteps,
} from './bent-log.ts';
import { byRightLogs } from './by-right-exports.ts';
import { ann, ben, cat, decided, founded, proposed, registered, saidOfHearth } from './operated-log.ts';
import { drafts, HEARTH, honest, OTHER_METER, START_S, type Step } from './small-log.ts';
import { ours } from './vectors.ts';

// --- third parties and policies

test('a disclosure to a third party that was not registered before is found', async () => {
  const late = honest.filter((step) => step.draft.kind !== 'third-party.registered');
  const verdict = await verifySteps([...late, { draft: drafts['third-party.registered'] }]);
  finds(verdict, [5, 'third_party_unknown']);
  const suspended = { ...drafts['third-party.suspended'], third_party: HEARTH };
  finds(await verifySteps(honestThen(suspended)), [8, 'third_party_unknown']);
});

test('a disclosure to a suspended third party is found, also after it was registered again', async () => {
  const suspended = drafts['third-party.suspended'];
  finds(await verifySteps(honestThen(suspended, read({}))), [9, 'third_party_suspended']);
  const again = await verifySteps(honestThen(suspended, drafts['third-party.registered'], read({})));
  finds(again, [10, 'third_party_suspended']);
});

test('a disclosure under a policy that was not published before, or is not in effect yet, is found', async () => {
  finds(await verifySteps(honestThen(read({ policy: ours.roots['1'] as string }))), [
    8,
    'policy_not_in_force',
  ]);
  const later = { ...drafts['policy.published'], effective_s: START_S + 100 };
  finds(await verifySteps(at(honest, 1, { draft: later })), [6, 'policy_not_in_force']);
  // Published after the disclosure is not before it.
  const after = [...at(honest, 1, { draft: drafts['key.published'] }), { draft: drafts['policy.published'] }];
  finds(await verifySteps(after), [6, 'policy_not_in_force']);
});

test('a policy that replaces another says which, and a weakening is published thirty days ahead', async () => {
  const { policy, ...first } = drafts['policy.published'];
  const next = ours.roots['1'] as string;
  const published = (changes: object) => ({ ...first, policy: next, ...changes });
  const binds = { replaces: policy, effective_s: START_S };
  // One that only forbids more binds at once, and the one before it does not any more.
  assert.equal((await verifySteps(honestThen(published(binds), read({ policy: next })))).sound, true);
  finds(await verifySteps(honestThen(published(binds), read({}))), [9, 'policy_not_in_force']);
  finds(await verifySteps(honestThen(published({ effective_s: START_S + 40 * 86_400 }))), [
    8,
    'policy_notice',
  ]);
  finds(await verifySteps(honestThen(published({ ...binds, replaces: next }))), [8, 'policy_notice']);
  finds(await verifySteps(honestThen(published({ ...binds, weakens: 1 }))), [8, 'policy_notice']);
  const ahead = published({ ...binds, weakens: 1, effective_s: START_S + 31 * 86_400 });
  assert.equal((await verifySteps(honestThen(ahead, read({})))).sound, true);
  finds(await verifySteps(honestThen(ahead, read({ policy: next }))), [9, 'policy_not_in_force']);
});

// --- consents

test('a disclosure whose consent was never given, or given only later, is found', async () => {
  const other = `consent_${'9'.repeat(22)}`;
  finds(await verifySteps(honestThen(read({ consent_ref: other }))), [8, 'consent_unknown']);
  const moved = [...honest.slice(0, 5), honest[6], honest[5]] as Step[];
  finds(await verifySteps(moved), [5, 'consent_not_in_force']);
});

test('no disclosure may follow the entry that ended its consent, whichever way it ended', async () => {
  for (const kind of ['stopped', 'expired', 'ended', 'superseded', 'returned'] as const) {
    const verdict = await verifySteps(honestThen(drafts[`consent.${kind}`], read({})));
    finds(verdict, [9, 'consent_not_in_force']);
    assert.match(verdict.violations[0]?.message ?? '', new RegExp(`was ${kind} at entry 8`));
  }
});

test('a disclosure at or after the second at which its consent expires is found', async () => {
  const expiry = (START_S + 86_400) * 1000;
  const before = { draft: read({}), timeMs: expiry - 1 };
  assert.equal((await verifySteps(honestThen(before))).sound, true);
  finds(await verifySteps(honestThen({ ...before, timeMs: expiry })), [8, 'consent_expired']);
});

test('a disclosure that its consent does not cover is found, by what it exceeds', async () => {
  const cases: [Partial<typeof disclosure>, ViolationKind][] = [
    [{ version: 2 }, 'consent_version'],
    [{ purpose: 'marketing' }, 'purpose_not_consented'],
    [{ meter_ref: OTHER_METER }, 'meter_point_not_consented'],
    [{ register: 'export' }, 'register_not_consented'],
    [{ resolution: 'PT30M' }, 'finer_than_consented'],
    [{ resolution: 'PT1H' }, 'finer_than_consented'],
    [{ window: { from: '2022-12-31', to: '2023-02-01' } }, 'outside_consent_window'],
    [{ window: { from: '2023-12-01', to: '2024-01-02' } }, 'outside_consent_window'],
    [{ count: 32 }, 'more_than_window_holds'],
  ];
  for (const [bend, kind] of cases) finds(await verifySteps(honestThen(read(bend))), [8, kind]);
});

test('a disclosure to another third party than the consent’s is found', async () => {
  const hearth = { ...drafts['third-party.registered'], third_party: HEARTH };
  finds(await verifySteps(honestThen(hearth, read({ third_party: HEARTH }))), [9, 'third_party_mismatch']);
});

test('a whole month as one reading is covered by a consent for days, and up to the consent’s last day', async () => {
  const month = read({ resolution: 'P1M', count: 1, window: { from: '2023-12-01', to: '2024-01-01' } });
  assert.deepEqual((await verifySteps(honestThen(month))).violations, []);
});

test('a disclosure in a version that was narrowed since is found', async () => {
  finds(
    await verifySteps(honestThen(drafts['consent.narrowed'], read({}))),
    [9, 'consent_version'],
    [9, 'finer_than_consented'],
  );
});

test('a consent to a single read covers one disclosure of each meter point, also after it was narrowed', async () => {
  const both = { ...given, once: 1 as const, meter_refs: [...given.meter_refs, OTHER_METER] };
  const once = (...after: EntryDraft[]) => [
    ...at(honest, 5, { draft: both }),
    ...after.map((draft) => ({ draft })),
  ];
  assert.deepEqual((await verifySteps(once(read({ meter_ref: OTHER_METER })))).violations, []);
  finds(await verifySteps(once(read({}))), [8, 'single_read_spent']);
  finds(await verifySteps(once(drafts['disclosure.void'], read({}))), [9, 'single_read_spent']);
  const narrowed = { ...drafts['consent.narrowed'], once: 1 as const };
  const later = read({ version: 2, resolution: 'P1M', count: 1 });
  finds(await verifySteps(once(narrowed, later)), [9, 'single_read_spent']);
  finds(await verifySteps(once(drafts['consent.narrowed'])), [8, 'consent_widened']);
});

test('a move that the diagram of states does not have is found', async () => {
  const moves: EntryDraft[][] = [
    [drafts['consent.requested']],
    [given],
    [drafts['consent.refused']],
    [drafts['consent.lapsed']],
  ];
  for (const [move] of moves) finds(await verifySteps(honestThen(move as EntryDraft)), [8, 'consent_move']);
  for (const after of ['given', 'narrowed', 'stopped', 'expired', 'returned'] as const)
    finds(await verifySteps(honestThen(drafts['consent.stopped'], drafts[`consent.${after}`])), [
      9,
      'consent_move',
    ]);
});

test('a consent that nobody requested is found, and a stop of an unknown one', async () => {
  const unasked = at(honest, 4, { draft: drafts['key.published'] });
  finds(await verifySteps(unasked), [5, 'consent_unknown']);
  const other = `consent_${'9'.repeat(22)}`;
  finds(await verifySteps(honestThen({ ...drafts['consent.stopped'], consent_ref: other })), [
    8,
    'consent_unknown',
  ]);
});

test('a refused request cannot be given, and a given consent not again after its stop', async () => {
  const refused = at(honest, 5, { draft: drafts['consent.refused'] });
  finds(await verifySteps([...refused.slice(0, 6), { draft: given }]), [6, 'consent_move']);
  const verdict = await verifySteps(honestThen(drafts['consent.stopped'], given, read({})));
  finds(verdict, [9, 'consent_move'], [10, 'consent_not_in_force']);
});

test('a consent wider than its request, or narrowed to more, is found', async () => {
  const wider: Partial<typeof given>[] = [
    { window: { from: '2022-12-31', until: '2024-01-01' } },
    { window: { from: '2023-01-01', until: '2024-06-02' } },
  ];
  for (const bend of wider)
    finds(await verifySteps(at(honest, 5, { draft: { ...given, ...bend } })), [5, 'consent_widened']);
  const monthly = at(honest, 4, { draft: { ...drafts['consent.requested'], resolution: 'P1M' } });
  finds(await verifySteps(monthly), [5, 'consent_widened']);
  const narrowed = drafts['consent.narrowed'];
  const notNarrower: Partial<typeof narrowed>[] = [
    { resolution: 'PT30M' },
    { expires_s: narrowed.expires_s + 1 },
    { meter_refs: [OTHER_METER] },
    { registers: ['import', 'export'] },
    { window: { from: '2023-01-01', until: '2024-01-02' } },
  ];
  for (const bend of notNarrower)
    finds(await verifySteps(honestThen({ ...narrowed, ...bend })), [8, 'consent_widened']);
});

test('versions begin at 1, go up by one, and a stop names the one in force', async () => {
  const second = await verifySteps(at(honest.slice(0, 6), 5, { draft: { ...given, version: 2 } }));
  finds(second, [5, 'consent_version']);
  finds(await verifySteps(honestThen({ ...drafts['consent.narrowed'], version: 3 })), [8, 'consent_version']);
  finds(await verifySteps(honestThen({ ...drafts['consent.stopped'], version: 2 })), [8, 'consent_version']);
});

test('a move in the name of another third party or purpose than was asked is found', async () => {
  const steps = honest.slice(0, 6);
  finds(await verifySteps(at(steps, 5, { draft: { ...given, third_party: HEARTH } })), [
    5,
    'third_party_mismatch',
  ]);
  finds(await verifySteps(at(steps, 5, { draft: { ...given, purpose: 'marketing' } })), [
    5,
    'purpose_not_consented',
  ]);
  const refused = { ...drafts['consent.refused'], purpose: 'marketing' };
  finds(await verifySteps(at(steps, 5, { draft: refused })), [5, 'purpose_not_consented']);
  const stopped = { ...drafts['consent.stopped'], third_party: HEARTH };
  finds(await verifySteps(honestThen(stopped)), [8, 'third_party_mismatch']);
});

// --- voids and the meter store's numbers

test('a disclosure.void that names no earlier disclosure, or one made void already, is found', async () => {
  const voided = drafts['disclosure.void'];
  assert.equal((await verifySteps(honestThen(voided))).sound, true);
  for (const index of [5, 7, 8, 9, 1_000_000])
    finds(await verifySteps(honestThen({ ...voided, disclosure: index })), [8, 'void_without_disclosure']);
  finds(await verifySteps(honestThen(voided, voided)), [9, 'void_without_disclosure']);
});

test('a read of the meter store that two entries claim is found', async () => {
  finds(await verifySteps(honestThen(read({ store_read: '1700000000/1' }))), [8, 'store_read_repeated']);
  finds(await verifySteps(honestThen({ ...drafts['read.dropped'], store_read: '1700000000/1' })), [
    8,
    'store_read_repeated',
  ]);
});

test('reads of the meter store without an entry are counted and said', async () => {
  const verdict = await verifySteps(
    honestThen(read({ store_read: '1700000000/7' }), read({ store_read: '1700000000/3' })),
  );
  assert.equal(verdict.sound, true);
  assert.deepEqual(verdict.counts.storeReads, { numbered: 3, missing: 4, skippedAtRestart: 0 });
  assert.match(verdict.unproven.join('\n'), /4 numbers have none/);
});
test('a key that is retired without having been published, or twice, is found', async () => {
  const { 'key.published': published, 'key.retired': retired } = drafts;
  assert.equal((await verifySteps(honestThen(published, retired))).sound, true);
  finds(await verifySteps(honestThen(retired)), [8, 'key_not_published']);
  finds(await verifySteps(honestThen(published, retired, retired)), [10, 'key_not_published']);
});

// --- by licence and by order

for (const [name, about, steps, expected] of byRightLogs)
  test(`${name}: ${about}`, async () => {
    const verdict = await verifySteps(steps);
    if (expected.length > 0)
      finds(verdict, ...expected.map(([index, kind]): [number | null, ViolationKind] => [index, kind]));
    else assert.deepEqual(verdict.violations, []);
  });

// --- operators: verify-operators.test.ts has the rest

test('an act that one operator did alone, with a signature that does not hold, of nobody, is found', async () => {
  const forged = { ...decided(ben, 'One'), proof: ann.prove('something else') } as EntryDraft;
  const alone = founded(
    registered(),
    proposed(ann, 'One', 'third-party-register', saidOfHearth),
    forged,
    decided(cat, 'One', 'declined'),
  );
  finds(
    await verifySteps(alone),
    [3, 'not_approved'],
    [5, 'operator_signature'],
    [6, 'operator_unknown'],
    [6, 'not_approved'],
  );
});

test('every kind of violation of this half was shown by a log that has it', () => {
  assert.deepEqual(
    meaningKinds.filter((kind) => !shown.has(kind)),
    [],
  );
});
