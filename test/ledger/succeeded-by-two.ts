// In production two operators let another log go on, who were operators in the former log: sound, and bent in each way that
// a verifier must find.
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import type { EntryDraft } from '../../src/ledger/entry-body.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { type ExportVector, type Found, vector } from './export-vector.ts';
import { added, ann, ben, cat, decided, type Person, proposal, proposed } from './operated-log.ts';
import {
  drafts,
  entriesOf,
  exportOf,
  formerOrigin,
  formerSigner,
  handoverOf,
  POLICY,
  rootOf,
  START_S,
  type Step,
} from './small-log.ts';
import { ours } from './vectors.ts';

/** Ann and Ben are operators. Cat joins in what is lost. */
const former = entriesOf(
  [
    {
      ...drafts['log.opened'],
      mode: 'production',
      origin: formerOrigin,
      key: formerSigner.key.text,
    } as EntryDraft,
    added(ann),
    added(ben),
    drafts['policy.published'],
    added(cat),
  ].map((draft) => ({ draft })),
  formerOrigin,
);
const kept = former.slice(0, 4);
const keptRoot = encodeBase64(rootOf(kept));

const opening = (bend: object = {}): EntryDraft =>
  ({
    ...drafts['log.succeeded'],
    mode: 'production',
    kept_size: kept.length,
    kept_root: keptRoot,
    known_size: kept.length,
    known_checkpoint: encodeBase64(
      utf8(
        formerSigner.signNote(
          formatCheckpoint({ origin: formerOrigin, size: kept.length, root: rootOf(kept) }),
        ),
      ),
    ),
    handover: handoverOf({ formerOrigin, keptSize: kept.length, keptRoot: rootOf(kept), key: ours.logKey }),
    proposal: proposal('One'),
    ...bend,
  }) as EntryDraft;
const { proposal: _, ...alone } = opening() as EntryDraft & { proposal: string };

const carried = ({ operator, publicKey }: Pick<Person, 'operator' | 'publicKey'>, role = 'administrator') =>
  ({ ...drafts['operator.carried'], operator, role, key: publicKey }) as EntryDraft;
const said = { former_origin: formerOrigin, kept_root: keptRoot, origin: ours.origin };
const proposes = (who: Person, bend = {}, differently = said) =>
  proposed(who, 'One', 'ledger-succeed', differently, bend);
const registered: EntryDraft = { ...drafts['third-party.registered'], actor: 'broker' };

const successor = (...all: EntryDraft[]): Step[] =>
  all.map((draft, i) => ({ draft, timeMs: START_S * 1000 + 60_000 + i }));
const whole = [opening(), carried(ann), carried(ben), proposes(ann), decided(ben, 'One'), registered];
const laterThan = (steps: Step[], seconds: number): Step[] =>
  steps.map((step) => ({ ...step, timeMs: (START_S + seconds) * 1000 }));

export const byTwo = exportOf(entriesOf(successor(...whole)));

const cases: readonly (readonly [string, string, readonly Step[], Found?])[] = [
  [
    'adds-another',
    'and the two add a third operator there',
    successor(
      ...whole,
      proposed(ben, 'Two', 'operator-add', { operator: cat.operator, role: 'registrar', key: cat.publicKey }),
      decided(ann, 'Two'),
      added(cat, 'registrar', proposal('Two')),
    ),
  ],
  ['ends-there', 'and nothing follows yet', successor(...whole.slice(0, -1))],
  ['alone', 'nobody proposed it', successor(alone as EntryDraft, registered), [[0, 'not_approved']]],
  [
    'not-proposed',
    'it names a proposal that is not there',
    successor(opening(), carried(ann), registered),
    [[0, 'not_approved']],
  ],
  [
    'not-approved',
    'proposed, and never approved',
    successor(...whole.slice(0, 4), registered),
    [[0, 'not_approved']],
  ],
  [
    'approved-afterwards',
    'approved after it had gone on',
    successor(...whole.slice(0, 4), registered, decided(ben, 'One')),
    [
      [0, 'not_approved'],
      [5, 'not_approved'],
    ],
  ],
  [
    'by-one',
    'one approved what they proposed',
    successor(opening(), carried(ann), carried(ben), proposes(ann), decided(ann, 'One'), registered),
    [[4, 'not_approved']],
  ],
  ['late', 'approved after seven days', laterThan(successor(...whole), 604_900), [[4, 'not_approved']]],
  [
    'other-former',
    'approved to keep other entries',
    successor(...whole.slice(0, 3), proposes(ann, {}, { ...said, kept_root: POLICY }), ...whole.slice(4)),
    [[0, 'not_approved']],
  ],
  [
    'other-act',
    'what was approved is another act',
    successor(...whole.slice(0, 3), proposed(ann, 'One', 'key-retire', {}), ...whole.slice(4)),
    [[0, 'not_approved']],
  ],
  [
    'forged',
    'the approval is not signed by who is said to approve',
    successor(
      ...whole.slice(0, 4),
      { ...decided(cat, 'One'), operator: ben.operator } as EntryDraft,
      registered,
    ),
    [[4, 'operator_signature']],
  ],
  [
    'of-a-stranger',
    'somebody decides who was carried over from nowhere, having joined in what is lost',
    successor(opening(), carried(ann), carried(cat), proposes(ann), decided(cat, 'One'), registered),
    [[2, 'operator_unknown']],
  ],
  [
    'other-key',
    'an operator of the former log with a key and a role of somebody’s choice',
    successor(
      opening(),
      carried(ann),
      carried({ ...ben, publicKey: cat.publicKey }),
      carried(ben, 'registrar'),
      proposes(ann),
      decided(ben, 'One'),
      registered,
    ),
    [
      [2, 'operator_unknown'],
      [3, 'operator_unknown'],
      [3, 'operator_unknown'],
    ],
  ],
  [
    'carried-later',
    'an operator is carried over after the log had gone on',
    successor(
      opening(),
      carried(ann),
      carried(ben),
      proposes(ann),
      decided(ben, 'One'),
      registered,
      carried(cat),
    ),
    [
      [6, 'operator_unknown'],
      [6, 'operator_unknown'],
    ],
  ],
  [
    'not-carried',
    'somebody signs whom nobody carried over',
    successor(opening(), carried(ann), proposes(ann), decided(ben, 'One'), registered),
    [[3, 'operator_unknown']],
  ],
  [
    'as-sandbox',
    'a log in production goes on as a sandbox',
    successor({ ...alone, mode: 'sandbox' } as EntryDraft, registered),
    [[0, 'former_mismatch']],
  ],
];

const bothKeys = [ours.logKey, formerSigner.key.text];

export const succeededByTwoVectors: readonly ExportVector[] = [
  vector('former-of-two', 'what is left of a log in production', exportOf(kept, formerSigner), [], {
    keys: bothKeys.slice(1),
  }),
  vector('succeeded-by-two', 'one proposed and another approved that it goes on', byTwo),
  ...cases.map(([name, about, steps, found = []]) =>
    vector(`succeeded-by-two-${name}`, about, exportOf(entriesOf(steps)), found, {
      keys: bothKeys,
      formers: ['former-of-two'],
    }),
  ),
  vector(
    'succeeded-by-two-carried-nowhere',
    'an operator is carried over in a log that goes on for none',
    exportOf(entriesOf([drafts['log.opened'], carried(ann)].map((draft) => ({ draft })))),
    [[1, 'operator_unknown']],
  ),
];
