// Verification of a whole log: an honest one is sound, and each way of breaking one is named, with its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import { type Verdict, type ViolationKind, violationKinds } from '../../src/ledger/verdict.ts';
import { NoteError } from '../../src/ledger/verifier-key.ts';
import {
  checkpointOf,
  drafts,
  entriesOf,
  exportOf,
  HEARTH,
  honest,
  OTHER_METER,
  requestOf,
  START_S,
  type Step,
  verifyLines,
} from './small-log.ts';
import { ours } from './vectors.ts';

const shown = new Set<ViolationKind>();
const verifySteps = (steps: readonly Step[]): Promise<Verdict> => verifyLines(exportOf(entriesOf(steps)));

/** The verdict finds exactly these, in this order. */
function finds(verdict: Verdict, ...expected: [number | null, ViolationKind][]): void {
  assert.deepEqual(
    verdict.violations.map(({ index, kind }) => [index, kind]),
    expected,
    JSON.stringify(verdict.violations, null, 1),
  );
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violationCount, expected.length);
  for (const [, kind] of expected) shown.add(kind);
}

const at = (steps: readonly Step[], index: number, bend: Partial<Step>): Step[] =>
  steps.map((step, i) => (i === index ? { ...step, ...bend } : step));
const then = (...after: (EntryDraft | Step)[]): Step[] => [
  ...honest,
  ...after.map((step) => ('draft' in step ? step : { draft: step })),
];
const disclosure = drafts.disclosure;
/** A second disclosure of the honest log, bent: entry 8. */
const read = (bend: Partial<typeof disclosure>): EntryDraft => ({
  ...disclosure,
  store_read: '1700000000/2',
  ...bend,
});
const given = drafts['consent.given'];

// --- the log as a whole

test('an honest log is sound, is counted, and says what it could not prove', async () => {
  const verdict = await verifySteps(honest);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.sound, true);
  assert.equal(verdict.origin, ours.origin);
  assert.equal(verdict.size, 8);
  assert.deepEqual(verdict.keys, [ours.logKey]);
  assert.equal(verdict.counts.kinds.disclosure, 1);
  assert.equal(verdict.counts.checkpoints, 1);
  assert.deepEqual(verdict.counts.consentsSignedBy, { code: 1, passkey: 0, sandbox: 0 });
  assert.deepEqual(verdict.counts.storeReads, { numbered: 1, missing: 0, skippedAtRestart: 0 });
  const words = verdict.unproven.join('\n');
  for (const part of [
    /no witness has signed/,
    /1 by a mailed code/,
    /past the door/,
    /after entry 7/,
    /commitment/,
  ])
    assert.match(words, part);
  assert.doesNotMatch(words, /taken from the export/);
});

test('a full life of consents and third parties is sound', async () => {
  const second = `consent_${'2'.repeat(22)}`;
  const third = `consent_${'3'.repeat(22)}`;
  const verdict = await verifySteps(
    then(
      drafts['token.issued'],
      drafts['consent.narrowed'],
      read({ version: 2, resolution: 'P1M', count: 1, window: { from: '2023-01-01', to: '2023-02-01' } }),
      { ...drafts['disclosure.void'], disclosure: 10 },
      drafts['third-party.suspended'],
      drafts['third-party.restored'],
      read({ version: 2, resolution: 'P1M', count: 1, store_read: '1700000000/3' }),
      { ...drafts['consent.stopped'], version: 2 },
      drafts['token.revoked'],
      { ...drafts['consent.requested'], consent_ref: second },
      { ...drafts['consent.refused'], consent_ref: second },
      { ...drafts['consent.requested'], consent_ref: third },
      { ...drafts['consent.lapsed'], consent_ref: third },
      drafts['key.published'],
      { ...drafts['read.dropped'], store_read: '1700000000/4' },
    ),
  );
  assert.deepEqual(verdict.violations, []);
});

test('without keys of one’s own the export’s own key is used, and the verdict says so', async () => {
  const verdict = await verifyLines(exportOf(entriesOf(honest)), { keys: [] });
  assert.equal(verdict.sound, true);
  assert.match(verdict.unproven.join('\n'), /taken from the export itself.*fe45b998/);
});

test('a checkpoint in the middle is checked where it stands', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries);
  lines.splice(6, 0, { type: 'checkpoint', note: checkpointOf(entries, 3) });
  const verdict = await verifyLines(lines);
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.counts.checkpoints, 2);
});

test('a checkpoint that a known witness signed names the witness', async () => {
  const lines = exportOf([]).slice(0, 2);
  const verdict = await verifyLines([...lines, { type: 'checkpoint', note: ours.checkpoint0 }], {
    keys: [ours.logKey, ours.witnessKey],
  });
  assert.deepEqual(verdict.witnesses, ['witness.example/w1']);
  assert.match(verdict.unproven.join('\n'), /witness\.example\/w1.*not run by the operator/);
  finds(verdict, [null, 'log_opened']);
});

test('a checkpoint kept from before still holds, or the log was changed or cut', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries);
  for (const keys of [[ours.logKey], []]) {
    const kept = await verifyLines(lines, {
      keys,
      checkpoints: [checkpointOf(entries, 5), checkpointOf(entries)],
    });
    assert.deepEqual(kept.violations, []);
    assert.doesNotMatch(kept.unproven.join('\n'), /seen before/);
  }
  const other = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));
  finds(await verifyLines(lines, { checkpoints: [checkpointOf(other, 5)] }), [4, 'checkpoint_root']);
  const longer = checkpointOf([...entries, ...entries]);
  finds(await verifyLines(lines, { checkpoints: [longer] }), [null, 'log_shortened']);
});

test('a key or checkpoint of the caller’s that cannot be used is the caller’s fault, not the log’s', async () => {
  const lines = exportOf(entriesOf(honest));
  await assert.rejects(verifyLines(lines, { keys: ['nonsense'] }), NoteError);
  await assert.rejects(verifyLines(lines, { checkpoints: ['nonsense'] }), NoteError);
  const other = checkpointOf(entriesOf(honest)).replace(/^.*/, 'other.example/log');
  await assert.rejects(verifyLines(lines, { keys: [], checkpoints: [other] }), /is of other\.example/);
});

test('an export without a manifest, or with two, is not sound', async () => {
  const lines = exportOf(entriesOf(honest));
  finds(await verifyLines([]), [null, 'export_format']);
  finds(await verifyLines(lines.slice(1)), [null, 'export_format']);
  const [manifest] = lines as [ExportLine];
  const twice = await verifyLines([manifest, manifest, ...lines.slice(1)]);
  assert.equal(twice.sound, false);
  assert.equal(twice.violations[0]?.kind, 'export_format');
});

test('a manifest that promises more than comes is found', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries).filter((line) => line.type !== 'entry' || line.entry !== entries[7]);
  finds(
    await verifyLines(lines),
    [6, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  );
});

test('a log without a checkpoint over all of it is not sound', async () => {
  const entries = entriesOf(honest);
  finds(await verifyLines(exportOf(entries).slice(0, -1)), [null, 'checkpoint_missing']);
});

test('a forged, foreign or altered checkpoint is found', async () => {
  const entries = entriesOf(honest);
  const lines = exportOf(entries).slice(0, -1);
  const good = checkpointOf(entries);
  const forger = noteSigner(ours.origin, new Uint8Array(32).fill(3));
  const text = good.slice(0, good.indexOf('\n\n') + 1);
  const bent = [forger.signNote(text), good.replace('\n8\n', '\n9\n'), 'nonsense', `${good}\n`];
  for (const note of bent)
    finds(
      await verifyLines([...lines, { type: 'checkpoint', note }]),
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    );
});

test('a whole log made anew under another key is found, unless nobody brought a key', async () => {
  const forger = noteSigner(ours.origin, new Uint8Array(32).fill(3));
  const entries = entriesOf(at(honest, 0, { draft: { ...drafts['log.opened'], key: forger.key.text } }));
  const good = checkpointOf(entries);
  const note = forger.signNote(good.slice(0, good.indexOf('\n\n') + 1));
  const lines = exportOf(entries).map(
    (line): ExportLine =>
      line.type === 'key'
        ? { ...line, key: forger.key.text }
        : line.type === 'checkpoint'
          ? { ...line, note }
          : line,
  );
  finds(
    await verifyLines(lines),
    [null, 'key_not_trusted'],
    [0, 'key_not_trusted'],
    [7, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  );
  assert.equal((await verifyLines(lines, { keys: [] })).sound, true);
});

test('a key of another log proves nothing about this one', async () => {
  const other = noteSigner('other.example/log', new Uint8Array(32).fill(1)).key.text;
  const verdict = await verifyLines(exportOf(entriesOf(honest)), { keys: [other] });
  assert.equal(verdict.sound, false);
  assert.equal(verdict.violations[0]?.kind, 'key_not_trusted');
});

test('a witness whose key only the export names does not count', async () => {
  const [manifest, key] = exportOf([]) as [ExportLine, ExportLine];
  const witness: ExportLine = { type: 'key', key: ours.witnessKey };
  const lines: ExportLine[] = [manifest, key, witness, { type: 'checkpoint', note: ours.checkpoint0 }];
  for (const keys of [[], [ours.logKey]]) {
    const verdict = await verifyLines(lines, { keys });
    assert.deepEqual(verdict.witnesses, []);
    assert.equal(verdict.counts.checkpoints, 1);
  }
});

test('a trusted key of another log may not sign for this one', async () => {
  const other = noteSigner('other.example/log', new Uint8Array(32).fill(5));
  const entries = entriesOf(at(honest, 0, { draft: { ...drafts['log.opened'], key: other.key.text } }));
  const good = checkpointOf(entries);
  const note = other.signNote(good.slice(0, good.indexOf('\n\n') + 1));
  const lines = [...exportOf(entries).slice(0, -1), { type: 'checkpoint', note } as const];
  finds(
    await verifyLines(lines, { keys: [ours.logKey, other.key.text] }),
    [0, 'key_not_trusted'],
    [7, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  );
});

test('a policy text with another digest is found, and a missing one is said to be missing', async () => {
  const lines = exportOf(entriesOf(honest));
  const bent = lines.map(
    (line): ExportLine => (line.type === 'policy' ? { ...line, text: 'forbid;' } : line),
  );
  finds(await verifyLines(bent), [null, 'policy_text']);
  const without = await verifyLines(lines.filter((line) => line.type !== 'policy'));
  assert.equal(without.sound, true);
  assert.match(without.unproven.join('\n'), /their text is not in the export/);
});

// --- entries and their chain

test('any letter of any entry changed is found', async () => {
  const entries = entriesOf(honest);
  for (const [index, entry] of entries.entries())
    for (let i = index % 7; i < entry.length; i += 7) {
      const letter = entry[i] === 'A' ? 'B' : 'A';
      const bent = entry.slice(0, i) + letter + entry.slice(i + 1);
      const verdict = await verifyLines(
        exportOf(entries).map((line) =>
          line.type === 'entry' && line.entry === entry ? { ...line, entry: bent } : line,
        ),
      );
      assert.equal(verdict.sound, false, `entry ${index}, letter ${i}`);
      assert.ok((verdict.violations[0]?.index ?? 99) <= index + 1);
    }
});

test('an entry taken out, put in twice or moved is found where it happened', async () => {
  const entries = entriesOf(honest);
  const without = await verifyLines(
    replaceEntries(
      entries,
      entries.filter((_, i) => i !== 3),
    ),
  );
  finds(
    without,
    [3, 'entry_index'],
    [3, 'entry_link'],
    [7, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  );
  const twice = await verifyLines(replaceEntries(entries, entries.toSpliced(4, 0, entries[3] as string)));
  assert.deepEqual([twice.violations[0]?.index, twice.violations[0]?.kind], [4, 'entry_index']);
  const moved = await verifyLines(
    replaceEntries(entries, entries.toSpliced(2, 2, entries[3] as string, entries[2] as string)),
  );
  assert.deepEqual([moved.violations[0]?.index, moved.violations[0]?.kind], [2, 'entry_index']);
});

/** The signed export of `entries` with others put in their place. */
function replaceEntries(entries: readonly string[], others: readonly string[]): ExportLine[] {
  const lines: ExportLine[] = exportOf(entries).filter((line) => line.type !== 'entry');
  return lines.toSpliced(3, 0, ...others.map((entry): ExportLine => ({ type: 'entry', entry })));
}

test('an entry that was replaced and hashed anew is found by its link, and by the root that was signed', async () => {
  const entries = entriesOf(honest);
  const others = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));
  finds(
    await verifyLines(replaceEntries(entries, others)),
    [7, 'checkpoint_root'],
    [null, 'checkpoint_missing'],
  );
  const one = await verifyLines(replaceEntries(entries, entries.toSpliced(4, 1, others[4] as string)));
  finds(one, [5, 'entry_link'], [7, 'checkpoint_root'], [null, 'checkpoint_missing']);
});

test('an entry with a wrong index, link, time or form is found though the log was signed with it', async () => {
  finds(await verifySteps(at(honest, 7, { index: 9 })), [7, 'entry_index']);
  finds(await verifySteps(at(honest, 7, { prev: ours.roots['1'] as string })), [7, 'entry_link']);
  finds(await verifySteps(at(honest, 7, { timeMs: START_S * 1000 })), [7, 'entry_time']);
  finds(await verifySteps(at(honest, 7, { text: (text) => text.replace('idx 7', 'idx 07') })), [
    7,
    'entry_format',
  ]);
  finds(await verifySteps(at(honest, 7, { text: (text) => text.slice(0, -1) })), [7, 'entry_format']);
});

test('a first entry that does not begin from the origin is found', async () => {
  finds(await verifySteps(at(honest, 0, { prev: ours.roots['1'] as string })), [0, 'entry_link']);
});

test('a body of an unknown kind, with a field too many, or not canonical is found', async () => {
  for (const body of [
    (text: string) => text.replace('"refusal"', '"denial"'),
    (text: string) => text.replace('"actor"', '"about":"Jo","actor"'),
    (text: string) => text.replace('{', '{ '),
  ])
    finds(await verifySteps(at(honest, 7, { body })), [7, 'entry_body']);
});

test('a request id that stands twice is found', async () => {
  finds(await verifySteps(at(honest, 7, { request: requestOf(2) })), [7, 'request_repeated']);
});

test('log.opened anywhere but first, or not first, or of another log is found', async () => {
  finds(await verifySteps(then(drafts['log.opened'])), [8, 'log_opened']);
  const opened = drafts['log.opened'];
  finds(await verifySteps(at(honest, 0, { draft: { ...opened, origin: 'other.example/log' } })), [
    0,
    'log_opened',
  ]);
  finds(await verifySteps(at(honest, 0, { draft: drafts['key.published'] })), [0, 'log_opened']);
});

test('the first hundred violations are kept and all are counted', async () => {
  const many = Array.from({ length: 150 }, () => drafts['log.opened']);
  const verdict = await verifySteps(then(...many));
  assert.equal(verdict.violations.length, 100);
  assert.equal(verdict.violationCount, 150);
});

// --- third parties and policies

test('a disclosure to a third party that was not registered before is found', async () => {
  const late = honest.filter((step) => step.draft.kind !== 'third-party.registered');
  const verdict = await verifySteps([...late, { draft: drafts['third-party.registered'] }]);
  finds(verdict, [5, 'third_party_unknown']);
  const suspended = { ...drafts['third-party.suspended'], third_party: HEARTH };
  finds(await verifySteps(then(suspended)), [8, 'third_party_unknown']);
});

test('a disclosure to a suspended third party is found, also after it was registered again', async () => {
  const suspended = drafts['third-party.suspended'];
  finds(await verifySteps(then(suspended, read({}))), [9, 'third_party_suspended']);
  const again = await verifySteps(then(suspended, drafts['third-party.registered'], read({})));
  finds(again, [10, 'third_party_suspended']);
});

test('a disclosure under a policy that was not published before, or is not in effect yet, is found', async () => {
  finds(await verifySteps(then(read({ policy: ours.roots['1'] as string }))), [8, 'policy_not_in_force']);
  const later = { ...drafts['policy.published'], effective_s: START_S + 100 };
  finds(await verifySteps(at(honest, 1, { draft: later })), [6, 'policy_not_in_force']);
  // Published after the disclosure is not before it.
  const after = [...at(honest, 1, { draft: drafts['key.published'] }), { draft: drafts['policy.published'] }];
  finds(await verifySteps(after), [6, 'policy_not_in_force']);
});

// --- consents

test('a disclosure whose consent was never given, or given only later, is found', async () => {
  const other = `consent_${'9'.repeat(22)}`;
  finds(await verifySteps(then(read({ consent_ref: other }))), [8, 'consent_unknown']);
  const moved = [...honest.slice(0, 5), honest[6], honest[5]] as Step[];
  finds(await verifySteps(moved), [5, 'consent_not_in_force']);
});

test('no disclosure may follow the entry that ended its consent, whichever way it ended', async () => {
  for (const kind of ['stopped', 'expired', 'ended', 'superseded', 'returned'] as const) {
    const verdict = await verifySteps(then(drafts[`consent.${kind}`], read({})));
    finds(verdict, [9, 'consent_not_in_force']);
    assert.match(verdict.violations[0]?.message ?? '', new RegExp(`was ${kind} at entry 8`));
  }
});

test('a disclosure at or after the second at which its consent expires is found', async () => {
  const expiry = (START_S + 86_400) * 1000;
  const before = { draft: read({}), timeMs: expiry - 1 };
  assert.equal((await verifySteps(then(before))).sound, true);
  finds(await verifySteps(then({ ...before, timeMs: expiry })), [8, 'consent_expired']);
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
  for (const [bend, kind] of cases) finds(await verifySteps(then(read(bend))), [8, kind]);
});

test('a disclosure to another third party than the consent’s is found', async () => {
  const hearth = { ...drafts['third-party.registered'], third_party: HEARTH };
  finds(await verifySteps(then(hearth, read({ third_party: HEARTH }))), [9, 'third_party_mismatch']);
});

test('a whole month as one reading is covered by a consent for days, and up to the consent’s last day', async () => {
  const month = read({ resolution: 'P1M', count: 1, window: { from: '2023-12-01', to: '2024-01-01' } });
  assert.deepEqual((await verifySteps(then(month))).violations, []);
});

test('a disclosure in a version that was narrowed since is found', async () => {
  finds(
    await verifySteps(then(drafts['consent.narrowed'], read({}))),
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
  for (const [move] of moves) finds(await verifySteps(then(move as EntryDraft)), [8, 'consent_move']);
  for (const after of ['given', 'narrowed', 'stopped', 'expired', 'returned'] as const)
    finds(await verifySteps(then(drafts['consent.stopped'], drafts[`consent.${after}`])), [
      9,
      'consent_move',
    ]);
});

test('a consent that nobody requested is found, and a stop of an unknown one', async () => {
  const unasked = at(honest, 4, { draft: drafts['key.published'] });
  finds(await verifySteps(unasked), [5, 'consent_unknown']);
  const other = `consent_${'9'.repeat(22)}`;
  finds(await verifySteps(then({ ...drafts['consent.stopped'], consent_ref: other })), [
    8,
    'consent_unknown',
  ]);
});

test('a refused request cannot be given, and a given consent not again after its stop', async () => {
  const refused = at(honest, 5, { draft: drafts['consent.refused'] });
  finds(await verifySteps([...refused.slice(0, 6), { draft: given }]), [6, 'consent_move']);
  const verdict = await verifySteps(then(drafts['consent.stopped'], given, read({})));
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
    finds(await verifySteps(then({ ...narrowed, ...bend })), [8, 'consent_widened']);
});

test('versions begin at 1, go up by one, and a stop names the one in force', async () => {
  const second = await verifySteps(at(honest.slice(0, 6), 5, { draft: { ...given, version: 2 } }));
  finds(second, [5, 'consent_version']);
  finds(await verifySteps(then({ ...drafts['consent.narrowed'], version: 3 })), [8, 'consent_version']);
  finds(await verifySteps(then({ ...drafts['consent.stopped'], version: 2 })), [8, 'consent_version']);
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
  finds(await verifySteps(then(stopped)), [8, 'third_party_mismatch']);
});

// --- voids and the meter store's numbers

test('a disclosure.void that names no earlier disclosure, or one made void already, is found', async () => {
  const voided = drafts['disclosure.void'];
  assert.equal((await verifySteps(then(voided))).sound, true);
  for (const index of [5, 7, 8, 9, 1_000_000])
    finds(await verifySteps(then({ ...voided, disclosure: index })), [8, 'void_without_disclosure']);
  finds(await verifySteps(then(voided, voided)), [9, 'void_without_disclosure']);
});

test('a read of the meter store that two entries claim is found', async () => {
  finds(await verifySteps(then(read({ store_read: '1700000000/1' }))), [8, 'store_read_repeated']);
  finds(await verifySteps(then({ ...drafts['read.dropped'], store_read: '1700000000/1' })), [
    8,
    'store_read_repeated',
  ]);
});

test('reads of the meter store without an entry are counted and said', async () => {
  const verdict = await verifySteps(
    then(read({ store_read: '1700000000/7' }), read({ store_read: '1700000000/3' })),
  );
  assert.equal(verdict.sound, true);
  assert.deepEqual(verdict.counts.storeReads, { numbered: 3, missing: 4, skippedAtRestart: 0 });
  assert.match(verdict.unproven.join('\n'), /4 numbers have none/);
});

test('every kind of violation was shown by a log that has it', () => {
  assert.deepEqual(
    [...violationKinds].filter((kind) => !shown.has(kind)),
    [],
  );
});
