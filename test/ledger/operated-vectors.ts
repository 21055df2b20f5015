// Exports in which operators decide, each with what a verifier must find in it.
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import { type ExportVector, type Found, vector } from './export-vector.ts';
import {
  added,
  ann,
  ben,
  cat,
  decided,
  founded,
  operated,
  proposal,
  proposed,
  registered,
  saidOfHearth,
  signed,
} from './operated-log.ts';
import { drafts, entriesOf, exportOf, HEARTH, POLICY, START_S, type Step } from './small-log.ts';

/** In a sandbox one operator suffices: each kind of their entries, sound. */
export const operatorsInSandbox: readonly EntryDraft[] = [
  added(ann),
  signed(ann, { kind: 'operator.key-added', key: cat.publicKey, kept_in: 'file' }),
  proposed(ann, 'One', 'note-approve', { note: 'winter' }),
  decided(ann, 'One'),
  proposed(ann, 'Two', 'note-approve', { note: 'summer' }),
  decided(ann, 'Two', 'declined'),
  { kind: 'operator.removed', actor: 'operator', operator: ann.operator },
];

const register = proposed(ann, 'One', 'third-party-register', saidOfHearth);
const erased: EntryDraft = { kind: 'subject.erased', actor: 'operator', entries: 3 };
const other = (draft: EntryDraft, bend: object): EntryDraft => ({ ...draft, ...bend }) as EntryDraft;

const cases: readonly (readonly [name: string, about: string, steps: readonly Step[], found?: Found])[] = [
  ['operated', 'all that two operators decide, sound', operated],
  ['operated-alone', 'done without a proposal', founded(registered()), [[3, 'not_approved']]],
  [
    'operated-by-broker',
    'registered in the name of the broker, which says again only what stood before',
    founded(registered(undefined, { actor: 'broker' })),
    [[3, 'not_approved']],
  ],
  [
    'operated-vouched',
    'registered by the third party itself: somebody vouched for it',
    founded(registered(undefined, { actor: 'third-party' })),
    [],
  ],
  [
    'operated-policy-alone',
    'a second policy set that one published',
    founded(drafts['policy.published'], drafts['policy.published']),
    [
      [4, 'policy_notice'],
      [4, 'policy_notice'],
      [4, 'not_approved'],
    ],
  ],
  [
    'operated-by-one',
    'one approves what they proposed',
    founded(register, decided(ann, 'One'), registered('One')),
    [[4, 'not_approved']],
  ],
  [
    'operated-not-approved',
    'proposed, and done',
    founded(register, registered('One')),
    [[4, 'not_approved']],
  ],
  [
    'operated-declined',
    'declined, and done',
    founded(register, decided(ben, 'One', 'declined'), registered('One')),
    [[5, 'not_approved']],
  ],
  [
    'operated-twice',
    'done twice on one approval, and approved twice',
    founded(register, decided(ben, 'One'), registered('One'), registered('One'), decided(ben, 'One')),
    [
      [6, 'not_approved'],
      [7, 'not_approved'],
    ],
  ],
  [
    'operated-otherwise',
    'another class than was approved',
    founded(register, decided(ben, 'One'), registered('One', { class: 'advertiser' })),
    [[5, 'not_approved']],
  ],
  [
    'operated-other-digest',
    'approved what was not proposed',
    founded(register, decided(ben, 'One', 'approved', POLICY.replace('c', 'd')), registered('One')),
    [[4, 'not_approved']],
  ],
  [
    'operated-other-act',
    'approved as one act, done as another',
    founded(register, decided(ben, 'One'), other(erased, { proposal: proposal('One') })),
    [
      [5, 'not_approved'],
      [5, 'not_approved'],
    ],
  ],
  [
    'operated-late',
    'approved after seven days',
    founded(register, decided(ben, 'One')).map((step, i) =>
      i < 4 ? step : { ...step, timeMs: (START_S + 604_900) * 1000 },
    ),
    [[4, 'not_approved']],
  ],
  [
    'operated-too-long',
    'a proposal that could be approved for longer than seven days',
    founded(proposed(ann, 'One', 'third-party-register', saidOfHearth, { expires_s: START_S + 700_000 })),
    [[3, 'not_approved']],
  ],
  [
    'operated-forged',
    'a signature over something else, and one of another’s key',
    founded(
      other(register, { said: { ...saidOfHearth, class: 'supplier' } }),
      other(decided(ben, 'One'), { operator: ann.operator }),
    ),
    [
      [3, 'operator_signature'],
      [4, 'not_approved'],
      [4, 'operator_signature'],
    ],
  ],
  [
    'operated-by-strangers',
    'proposed and approved by nobody who was added',
    founded(proposed(cat, 'One', 'third-party-register', saidOfHearth), decided(cat, 'Nine')),
    [
      [3, 'operator_unknown'],
      [4, 'operator_unknown'],
      [4, 'not_approved'],
    ],
  ],
  [
    'operated-third-founder',
    'a third operator who came without a proposal, and one with the key of another',
    founded(added(cat), added({ ...cat, operator: `operator_${'9'.repeat(22)}` })),
    [
      [3, 'not_approved'],
      [4, 'not_approved'],
      [4, 'operator_unknown'],
    ],
  ],
  [
    'operated-wrong-role',
    'a registrar proposes to remove an operator',
    [
      ...operated.slice(0, 10),
      ...founded(proposed(cat, 'Six', 'operator-remove', { operator: ben.operator })).slice(3),
    ],
    [[10, 'operator_unknown']],
  ],
  [
    'operated-removed',
    'a proposal of one who was removed since',
    [
      ...operated.slice(0, 10),
      ...founded(proposed(cat, 'Six', 'third-party-change', { third_party: HEARTH })).slice(3),
      ...operated.slice(-3),
      ...founded(decided(ben, 'Six')).slice(3),
    ],
    [[14, 'operator_unknown']],
  ],
];

export const operatedVectors: readonly ExportVector[] = cases.map(([name, about, steps, found = []]) =>
  vector(name, about, exportOf(entriesOf(steps)), found),
);
