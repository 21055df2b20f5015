// The exports of test/vectors/ledger/exports: how each is made, and what a verifier must find in it.
// The files are committed so that other programs can use them; a test makes them anew and compares.
import type { EntryDraft, EntryKind } from '../../src/ledger/entry-body.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { formatNote, splitNote } from '../../src/ledger/note.ts';
import { cosigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { at, given, honestThen, read } from './bent-log.ts';
import { byRightVectors } from './by-right-exports.ts';
import { type ExportVector, type Found, fileOf, keys, vector } from './export-vector.ts';
import { mapped, tagOf } from './mapped-exports.ts';
import { operatedVectors, operatorsInSandbox } from './operated-vectors.ts';
import { partVectors } from './part-vectors.ts';
import { policyVectors } from './policy-vectors.ts';
import { former as formerKey, next, rotated } from './rotated-exports.ts';
import {
  checkpointOf,
  drafts,
  entriesOf,
  exportOf,
  honest,
  requestOf,
  START_S,
  type Step,
} from './small-log.ts';
import { succeededByTwoVectors } from './succeeded-by-two.ts';
import { succeededVectors } from './succeeded-vectors.ts';
import { ours } from './vectors.ts';

const ofSteps = (name: string, about: string, steps: readonly Step[], violations: Found = []): ExportVector =>
  vector(name, about, exportOf(entriesOf(steps)), violations);

const entries = entriesOf(honest);
const whole = exportOf(entries);
const second = `consent_${'2'.repeat(22)}`;
const third = `consent_${'3'.repeat(22)}`;
const fourth = `consent_${'4'.repeat(22)}`;

/** Every kind of entry at least once. */
const fullLife: readonly Step[] = honestThen(
  drafts['token.issued'],
  drafts['consent.narrowed'],
  read({ version: 2, resolution: 'P1M', count: 1 }),
  { ...drafts['disclosure.void'], disclosure: 10 },
  drafts['third-party.suspended'],
  drafts['third-party.restored'],
  { ...drafts['consent.stopped'], version: 2 },
  drafts['token.revoked'],
  ...(['refused', 'lapsed'] as const).flatMap((how, i): EntryDraft[] => {
    const consent_ref = [second, third][i] as string;
    return [
      { ...drafts['consent.requested'], consent_ref },
      { ...drafts[`consent.${how}`], consent_ref },
    ];
  }),
  ...(['expired', 'ended', 'superseded', 'returned'] as const).flatMap((how, i): EntryDraft[] => {
    const consent_ref = `consent_${String(5 + i).repeat(22)}`;
    return [
      { ...drafts['consent.requested'], consent_ref },
      { ...given, consent_ref },
      { ...drafts[`consent.${how}`], consent_ref },
    ];
  }),
  { ...drafts['consent.requested'], consent_ref: fourth },
  { ...given, consent_ref: fourth, once: 1 },
  read({ consent_ref: fourth, store_read: '1700000000/3' }),
  drafts['key.published'],
  drafts['key.retired'],
  { ...drafts['read.dropped'], store_read: '1700009999/9' },
  drafts['meter-point.unlinked'],
  drafts['subject.erased'],
  drafts['map.published'],
  ...operatorsInSandbox,
);
export const kindsOfFullLife: readonly EntryKind[] = fullLife.map(({ draft }) => draft.kind);

const good = checkpointOf(entries);
const { text, signatures } = splitNote(good);
const witness = cosigner('witness.example/w1', new Uint8Array(32).fill(2));
const cosigned = formatNote(text, [...signatures, witness.cosign(text, START_S + 60)]);
const withLast = (note: string): ExportLine[] => [...whole.slice(0, -1), { type: 'checkpoint', note }];
/** Cosigned after each of these sizes at that second. */
export const witnessedAt = (
  steps: readonly Step[],
  ...seen: [size: number, timeS: number][]
): ExportLine[] => {
  const texts = entriesOf(steps);
  const lines = exportOf(texts);
  for (const [size, timeS] of seen.toReversed()) {
    const split = splitNote(checkpointOf(texts, size));
    const note = formatNote(split.text, [...split.signatures, witness.cosign(split.text, timeS)]);
    lines.splice(3 + size, 0, { type: 'checkpoint', note });
  }
  return lines;
};
const withWitness = { keys: [...keys, ours.witnessKey], witnesses: ['witness.example/w1'] };
const replace = (others: readonly string[]): ExportLine[] => [
  ...whole.slice(0, 3),
  ...others.map((entry): ExportLine => ({ type: 'entry', entry })),
  ...whole.slice(-1),
];
const rechained = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));

export const exportVectors: readonly ExportVector[] = [
  vector('honest', 'eight entries, sound', whole),
  ofSteps('full-life', 'every kind of entry, sound', fullLife),
  vector('cosigned', 'the last checkpoint is cosigned, and the witness is known', withLast(cosigned), [], {
    keys: [...keys, ours.witnessKey],
    witnesses: ['witness.example/w1'],
  }),
  vector('cosigned-by-a-stranger', 'the witness was not brought, so it does not count', withLast(cosigned)),
  vector(
    'witnessed-in-time',
    'cosigned after 3 and 6 entries, and no more',
    witnessedAt(honest, [3, START_S + 4], [6, START_S + 9]),
    [],
    withWitness,
  ),
  vector(
    'witnessed-out-of-time',
    'entries 3 to 5 say that they are older than a cosignature that does not cover them',
    witnessedAt(honest, [3, START_S + 90], [6, START_S + 95]),
    [],
    withWitness,
  ),
  ofSteps(
    'policy-replaced',
    'a policy that only forbids more binds at once, and the next disclosure rests on the one before it',
    honestThen(
      {
        ...drafts['policy.published'],
        policy: ours.roots['1'] as string,
        replaces: drafts['policy.published'].policy,
      },
      read({}),
    ),
    [[9, 'policy_not_in_force']],
  ),
  ofSteps(
    'policy-without-notice',
    'a weakening binds at once',
    honestThen({
      ...drafts['policy.published'],
      ...{
        policy: ours.roots['1'] as string,
        replaces: drafts['policy.published'].policy,
        weakens: 1 as const,
      },
    }),
    [[8, 'policy_notice']],
  ),
  vector('own-key-only', 'no key was brought: the export’s own is used', whole, [], { keys: [] }),
  vector('kept-checkpoint', 'a checkpoint kept from before still holds', whole, [], {
    checkpoints: [checkpointOf(entries, 5)],
  }),
  vector(
    'kept-checkpoint-of-another-history',
    'the log was re-chained before the checkpoint that was kept',
    whole,
    [[4, 'checkpoint_root']],
    { checkpoints: [checkpointOf(rechained, 5)] },
  ),
  vector(
    'kept-checkpoint-longer',
    'the tail was cut and the head signed anew',
    whole,
    [[null, 'log_shortened']],
    {
      checkpoints: [checkpointOf([...entries, ...entries])],
    },
  ),
  vector('tail-cut', 'the last entry is missing', replace(entries.slice(0, -1)), [
    [6, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('middle-cut', 'entry 3 is missing', replace(entries.toSpliced(3, 1)), [
    [3, 'entry_index'],
    [3, 'entry_link'],
    [7, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('rechained', 'entry 4 was changed and all after it hashed anew', replace(rechained), [
    [7, 'checkpoint_root'],
    [null, 'checkpoint_missing'],
  ]),
  vector(
    'changed',
    'entry 4 was changed and nothing hashed anew',
    replace(entries.with(4, rechained[4] as string)),
    [
      [5, 'entry_link'],
      [7, 'checkpoint_root'],
      [null, 'checkpoint_missing'],
    ],
  ),
  vector(
    'forged',
    'another key of the same name signed the checkpoint',
    withLast(noteSigner(ours.origin, new Uint8Array(32).fill(3)).signNote(text)),
    [
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    ],
  ),
  vector(
    'only-a-witness',
    'a witness alone makes no checkpoint',
    withLast(formatNote(text, [witness.cosign(text, START_S)])),
    [
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    ],
    { keys: [...keys, ours.witnessKey] },
  ),
  vector('no-checkpoint', 'nothing covers the entries', whole.slice(0, -1), [[null, 'checkpoint_missing']]),
  vector('cut-file', 'the file ends in the middle of a line', fileOf(whole).slice(0, -40), [
    [null, 'export_format'],
    [null, 'checkpoint_missing'],
  ]),
  vector('no-manifest', 'the first line is missing', whole.slice(1), [[null, 'export_format']]),
  vector(
    'space',
    'a line with a space that no writer writes',
    fileOf(whole).replace('{"type":"policy"', '{ "type":"policy"'),
    [
      [null, 'export_format'],
      [null, 'log_opened'],
      [null, 'size_mismatch'],
      [null, 'checkpoint_missing'],
    ],
  ),
  ofSteps('entry-index', 'an idx that is not its place', at(honest, 7, { index: 9 }), [[7, 'entry_index']]),
  ofSteps('entry-time', 'time goes back', at(honest, 7, { timeMs: START_S * 1000 }), [[7, 'entry_time']]),
  ofSteps('entry-format', 'a leading zero', at(honest, 7, { text: (t) => t.replace('idx 7', 'idx 07') }), [
    [7, 'entry_format'],
  ]),
  ofSteps(
    'entry-body',
    'a field that no kind has',
    at(honest, 7, { body: (b) => b.replace('"actor"', '"about":"Jo","actor"') }),
    [[7, 'entry_body']],
  ),
  ofSteps('not-canonical', 'a body with white space', at(honest, 7, { body: (b) => b.replace('{', '{ ') }), [
    [7, 'entry_body'],
  ]),
  ofSteps('request-repeated', 'two entries of one request', at(honest, 7, { request: requestOf(2) }), [
    [7, 'request_repeated'],
  ]),
  ofSteps('after-stop', 'a disclosure after the stop', honestThen(drafts['consent.stopped'], read({})), [
    [9, 'consent_not_in_force'],
  ]),
  ofSteps(
    'before-given',
    'a disclosure before the consent was given',
    [...honest.slice(0, 5), honest[6], honest[5]] as Step[],
    [[5, 'consent_not_in_force']],
  ),
  ofSteps(
    'expired',
    'a disclosure in the second of expiry',
    honestThen({ draft: read({}), timeMs: (START_S + 86_400) * 1000 }),
    [[8, 'consent_expired']],
  ),
  ofSteps('finer', 'finer than consented', honestThen(read({ resolution: 'PT30M' })), [
    [8, 'finer_than_consented'],
  ]),
  ofSteps(
    'outside-window',
    'a day before the window',
    honestThen(read({ window: { from: '2022-12-31', to: '2023-02-01' } })),
    [[8, 'outside_consent_window']],
  ),
  ofSteps('too-many', 'more readings than days', honestThen(read({ count: 32 })), [
    [8, 'more_than_window_holds'],
  ]),
  ofSteps('purpose', 'for another purpose', honestThen(read({ purpose: 'marketing' })), [
    [8, 'purpose_not_consented'],
  ]),
  ofSteps(
    'single-read-spent',
    'read twice under a consent to one read',
    [...at(honest, 5, { draft: { ...given, once: 1 } }), { draft: read({}) }],
    [[8, 'single_read_spent']],
  ),
  ofSteps('suspended', 'to a suspended third party', honestThen(drafts['third-party.suspended'], read({})), [
    [9, 'third_party_suspended'],
  ]),
  ofSteps(
    'key-not-published',
    'a key was retired that nobody had published',
    honestThen(drafts['key.retired']),
    [[8, 'key_not_published']],
  ),
  ofSteps(
    'store-read-twice',
    'one read of the store, two entries',
    honestThen(read({ store_read: '1700000000/1' })),
    [[8, 'store_read_repeated']],
  ),
  vector('map', 'sixteen tags, and two maps of them', mapped.holding),
  vector('map-root', 'the second map lacks the newest tag that it covers', mapped.withholding, [
    [25, 'map_root'],
  ]),
  ofSteps('map-size', 'a map covers its own entry', honestThen({ ...drafts['map.published'], size: 9 }), [
    [8, 'map_size'],
  ]),
  ofSteps(
    'tag-repeated',
    'two entries with one tag',
    at(at(honest, 4, { stag: tagOf(1) }), 6, { stag: tagOf(1) }),
    [[6, 'tag_repeated']],
  ),
  vector('rotated', 'the key was rotated; the former one was brought', rotated.inOrder),
  vector('rotated-later', 'the key was rotated; only the later one was brought', rotated.inOrder, [], {
    keys: [next.key.text],
  }),
  vector('rotated-both', 'the key was rotated; both were brought', rotated.inOrder, [], {
    keys: [formerKey.key.text, next.key.text],
  }),
  vector(
    'rotated-apart',
    'no checkpoint bears both keys, so nothing leads from the one to the other',
    rotated.neverTogether,
    [
      [11, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
    ],
  ),
  vector('rotated-without-former', 'the former key did not sign its successor', rotated.withoutTheFormer, [
    [8, 'checkpoint_invalid'],
    [10, 'checkpoint_invalid'],
    [11, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  ]),
  vector('rotated-without-next', 'one of two keys in force did not sign', rotated.withoutTheNext, [
    [9, 'checkpoint_invalid'],
  ]),
  vector('rotated-after-retired', 'a retired key goes on signing', rotated.afterItWasRetired, [
    [11, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  ]),
  vector('rotated-stranger', 'a key that nobody published signed the end', rotated.byAStranger, [
    [11, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  ]),
  vector('rotated-only-key', 'the only key was retired', rotated.theOnlyKey, [
    [8, 'key_not_published'],
    [8, 'checkpoint_invalid'],
    [null, 'checkpoint_missing'],
  ]),
  vector('rotated-foreign', 'a key of another log was published', rotated.ofAnotherLog, [
    [8, 'key_not_trusted'],
  ]),
  ...succeededVectors,
  ...succeededByTwoVectors,
  ...partVectors,
  ...operatedVectors,
  ...policyVectors,
  ...byRightVectors,
];

/** With the exports of its former logs in place of their names. */
export const withFormers = (one: ExportVector) => ({
  ...one,
  formers: one.formers.map((name) => exportVectors.find((other) => other.name === name)?.file ?? ''),
});

export { fileOf } from './export-vector.ts';
