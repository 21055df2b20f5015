// Exports that are held to a witness policy: enough witnesses, too few, one that counts once, one that nobody named.
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { formatNote, splitNote } from '../../src/ledger/note.ts';
import { cosigner, noteSigner } from '../../src/ledger/note-signer.ts';
import { type ExportVector, type Found, vector } from './export-vector.ts';
import { checkpointOf, drafts, entriesOf, exportOf, honest, START_S } from './small-log.ts';
import { ours } from './vectors.ts';

const one = cosigner('witness.example/w1', new Uint8Array(32).fill(2));
const two = cosigner('witness.example/w2', new Uint8Array(32).fill(4));
const stranger = cosigner('witness.example/w9', new Uint8Array(32).fill(5));
type Seen = readonly (readonly [who: typeof one, timeS: number])[];

export const policyText = (...quorum: readonly string[]): string =>
  [
    `log ${ours.logKey}`,
    '# run-by w1 The regulator',
    `witness w1 ${one.key.text} https://witness.example/`,
    '# run-by w2 operator',
    `witness w2 ${two.key.text}`,
    ...quorum,
    '',
  ].join('\n');
const both = policyText('group both all w1 w2', 'quorum both');

const entries = entriesOf(honest);
const noteOf = (size: number, seen: Seen): string => {
  const { text, signatures } = splitNote(checkpointOf(entries, size));
  return formatNote(text, [...signatures, ...seen.map(([who, timeS]) => who.cosign(text, timeS))]);
};
/** Its last checkpoint cosigned as `seen` says, and another after `size` entries as `earlier` says. */
export function cosignedBy(seen: Seen, size = 0, earlier: Seen = []): ExportLine[] {
  const lines: ExportLine[] = [
    ...exportOf(entries).slice(0, -1),
    { type: 'checkpoint', note: noteOf(8, seen) },
  ];
  if (size > 0) lines.splice(3 + size, 0, { type: 'checkpoint', note: noteOf(size, earlier) });
  return lines;
}

/** The whole log opened and signed with a key of the same name that nobody gave, and cosigned by both witnesses. */
function ofAStranger(seen: Seen): ExportLine[] {
  const forger = noteSigner(ours.origin, new Uint8Array(32).fill(7));
  const opened = { draft: { ...drafts['log.opened'], key: forger.key.text } };
  const forged = entriesOf([opened, ...honest.slice(1)]);
  const { text, signatures } = splitNote(checkpointOf(forged, 8, forger));
  const note = formatNote(text, [...signatures, ...seen.map(([who, timeS]) => who.cosign(text, timeS))]);
  return [...exportOf(forged, forger).slice(0, -1), { type: 'checkpoint', note }];
}

const later = START_S + 60;
const notMet: Found = [[null, 'quorum_not_met']];
const under = (
  name: string,
  about: string,
  lines: readonly ExportLine[],
  violations: Found,
  witnesses: readonly string[],
  policy = both,
): ExportVector => vector(name, about, lines, violations, { keys: [], policy, witnesses });
const [w1, w2] = [one.key.name, two.key.name];
const byBoth: Seen = [
  [one, later],
  [two, later + 1],
];

export const policyVectors: readonly ExportVector[] = [
  under(
    'quorum-met',
    'both witnesses of the policy cosigned the last checkpoint',
    cosignedBy(byBoth),
    [],
    [w1, w2],
  ),
  under('quorum-not-met', 'one of the two cosigned', cosignedBy([[one, later]]), notMet, []),
  under(
    'quorum-one-witness-twice',
    'one of the two cosigned twice: it counts once',
    cosignedBy([
      [one, later],
      [one, later + 1],
    ]),
    notMet,
    [],
  ),
  under(
    'quorum-unknown-witness',
    'one of the two cosigned, and a witness that the policy does not name',
    cosignedBy([
      [one, later],
      [stranger, later],
    ]),
    notMet,
    [],
  ),
  under(
    'quorum-for-a-stranger',
    'both cosigned the log of another key under the same name: no witness can vouch for a key of the log',
    ofAStranger(byBoth),
    [
      [null, 'key_not_trusted'],
      [0, 'key_not_trusted'],
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
      [null, 'quorum_not_met'],
    ],
    [],
  ),
  under('quorum-nobody', 'nobody cosigned', cosignedBy([]), notMet, []),
  under(
    'quorum-earlier-only',
    'both cosigned after six entries; only one the last checkpoint',
    cosignedBy([[one, later]], 6, byBoth),
    notMet,
    [w1, w2],
  ),
  under(
    'quorum-earlier-below',
    'an earlier checkpoint that one cosigned bears no time out: its entries are judged by the last',
    cosignedBy(byBoth, 3, [[one, START_S - 500]]),
    [],
    [w1, w2],
  ),
  under(
    'quorum-times',
    'entries 0 to 2 say that they are younger than the cosignatures over them',
    cosignedBy(byBoth, 3, [
      [one, START_S - 500],
      [two, START_S - 499],
    ]),
    [],
    [w1, w2],
  ),
  under(
    'quorum-any',
    'any of the two is enough',
    cosignedBy([[two, later]]),
    [],
    [w2],
    policyText('group any any w1 w2', 'quorum any'),
  ),
  under('quorum-none', 'the policy asks for no witness', cosignedBy([]), [], [], policyText('quorum none')),
  under(
    'quorum-of-another-log',
    'the policy names another log',
    cosignedBy(byBoth),
    [
      [null, 'key_not_trusted'],
      [0, 'key_not_trusted'],
      [null, 'key_not_trusted'],
      [7, 'checkpoint_invalid'],
      [null, 'checkpoint_missing'],
      [null, 'quorum_not_met'],
    ],
    [],
    both.replace(ours.logKey, noteSigner('other.example/audit', new Uint8Array(32).fill(6)).key.text),
  ),
];
