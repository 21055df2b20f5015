// The files of test/vectors/ledger/chains: what a household got, honest or bent, and what must be found in it.
import { type ChainFile, formatChainFile } from '../../src/ledger/chain-file.ts';
import { splitNote } from '../../src/ledger/note.ts';
import { noteSigner } from '../../src/ledger/note-signer.ts';
import type { ChainFault } from '../../src/ledger/verify-chain-file.ts';
import {
  chainedLog,
  chainedSteps,
  entryOf,
  household,
  householdFile,
  mapAhead,
  proofOf,
  waysTo,
} from './chained-log.ts';
import { ours } from './vectors.ts';

export type ChainFound = readonly (readonly [number | null, ChainFault])[];
export interface ChainVector {
  readonly name: string;
  readonly about: string;
  readonly file: string;
  readonly keys: readonly string[];
  /** Number in the household's chain, or null for the file as a whole, and the kind; none for a sound file. */
  readonly violations: ChainFound;
  /** Entries of the log among which there is no newer one of the household; null where that is not shown. */
  readonly covered: number | null;
  readonly opened: number;
  readonly unopened: number;
}

const log = chainedLog();
const file = householdFile(log);
const absence = file.absence as NonNullable<ChainFile['absence']>;
const [linked, requested, given, read] = file.entries as [Entry, Entry, Entry, Entry];
type Entry = ChainFile['entries'][number];
type Span = (typeof absence.spans)[number];
const [span] = absence.spans as [Span];

const vector = (
  name: string,
  about: string,
  one: ChainFile,
  violations: ChainFound = [],
  [covered, opened, unopened]: [number | null, number, number] = [log.map, 6, 1],
): ChainVector => ({
  ...{ name, about, file: formatChainFile(one), keys: [ours.logKey, ours.witnessKey], violations },
  ...{ covered, opened, unopened },
});
const withEntries = (...entries: Entry[]): ChainFile => ({ ...file, entries });
const withAbsence = (bend: Partial<typeof absence>): ChainFile => ({
  ...file,
  absence: { ...absence, ...bend },
});
const withSpan = (bend: Partial<Span>): ChainFile => withAbsence({ spans: [{ ...span, ...bend }] });
const impostor = noteSigner(ours.origin, new Uint8Array(32).fill(7));
const checkpointText = splitNote(file.checkpoint).text;
/** Its newest entry is left out, and the way is to where that one stands. */
const held: ChainFile = {
  ...withEntries(linked, requested, given),
  absence: { ...absence, spans: waysTo(log, 3) },
};
const [heldSpan] = (held.absence as typeof absence).spans as [Span];
const swapped = chainedLog(chainedSteps([1, 0, 2, 3]));
const empty = chainedLog(chainedSteps().toSpliced(3, 4));
const none: [null, number, number] = [null, 6, 1];

const sound = [
  vector('sound', 'four entries, all but the readings opened, and no newer one', file),
  vector('no-map', 'nothing shows that there is no newer one', { ...file, absence: null }, [], none),
  vector('from-2', 'a later part of the chain', householdFile(log, 2), [], [log.map, 4, 1]),
  vector(
    'no-entry',
    'a household without an entry',
    { ...householdFile({ ...empty, own: [] }) },
    [],
    [empty.map, 0, 0],
  ),
  vector(
    'one-unopened',
    'a value is kept back, which is counted',
    withEntries({ ...linked, opened: {} }, requested, given, read),
    [],
    [log.map, 5, 2],
  ),
];

const unsigned: [null, number, number] = [null, 0, 0];
const checkpoints = [
  vector(
    'other-signer',
    'the checkpoint is signed by another key',
    { ...file, checkpoint: impostor.signNote(checkpointText) },
    [[null, 'checkpoint_invalid']],
    unsigned,
  ),
  vector(
    'checkpoint-changed',
    'the checkpoint says another size than was signed',
    { ...file, checkpoint: file.checkpoint.replace('\n17\n', '\n16\n') },
    [[null, 'checkpoint_invalid']],
    unsigned,
  ),
];

const entries = [
  vector(
    'entry-changed',
    'an entry says another count',
    withEntries(linked, requested, given, { ...read, entry: read.entry.replace('"count":31', '"count":30') }),
    [[3, 'entry_not_in_log']],
  ),
  vector(
    'proof-short',
    'a proof lacks its last hash',
    withEntries(linked, requested, { ...given, proof: given.proof.slice(0, -1) }, read),
    [[2, 'entry_not_in_log']],
  ),
  vector(
    'proof-long',
    'a proof has a hash too many',
    withEntries({ ...linked, proof: [...linked.proof, ours.roots['1'] as string] }, requested, given, read),
    [[0, 'entry_not_in_log']],
  ),
  vector(
    'unreadable',
    'an entry is cut, and the body of another is not canonical',
    withEntries(
      { ...linked, entry: linked.entry.slice(0, -1) },
      { ...requested, entry: requested.entry.replace('{', '{ ') },
      given,
      read,
    ),
    [
      [0, 'entry_unreadable'],
      [1, 'entry_unreadable'],
    ],
    [log.map, 4, 1],
  ),
  vector(
    'gap',
    'an entry in the middle is left out',
    { ...withEntries(linked, requested, read), absence: { ...absence, spans: waysTo(log, 3) } },
    [
      [2, 'entry_of_another'],
      [3, 'entry_withheld'],
    ],
    [null, 4, 1],
  ),
  vector(
    'of-another',
    'the newest is an entry of the neighbour',
    withEntries(linked, requested, given, { ...entryOf(log, 8), opened: {} }),
    [[3, 'entry_of_another']],
    [log.map, 4, 1],
  ),
  vector(
    'order',
    'the log has the second entry before the first',
    householdFile({ ...swapped, own: [4, 3, 5, 6] }),
    [[1, 'entry_order']],
  ),
];

const opened = (field: string, bend: object): ChainFile =>
  withEntries(
    {
      ...linked,
      opened: { ...linked.opened, [field]: { ...(linked.opened.meter_point as object), ...bend } },
    } as Entry,
    requested,
    given,
    read,
  );
const openings = [
  vector(
    'value-changed',
    'a value is another than was committed to',
    opened('meter_point', { value: '1200023305968' }),
    [[0, 'opening_wrong']],
  ),
  vector('salt-changed', 'a salt is another', opened('meter_point', { salt: ours.roots['1'] }), [
    [0, 'opening_wrong'],
  ]),
  vector('field-unknown', 'a field is opened that the entry does not commit to', opened('constructor', {}), [
    [0, 'opening_wrong'],
  ]),
  vector(
    'value-without-form',
    'a value that has no canonical form opens nothing',
    opened('meter_point', { value: { '1': 0.5 } }),
    [[0, 'opening_wrong']],
  ),
];

const maps = [
  vector(
    'map-is-none',
    'another entry is given as the map',
    withAbsence({ entry: linked.entry, proof: linked.proof }),
    [[null, 'map_invalid']],
    none,
  ),
  vector(
    'map-not-in-log',
    'the map is not of this log',
    withAbsence({ proof: proofOf(log, 3) }),
    [[null, 'map_invalid']],
    none,
  ),
  vector(
    'map-cut',
    'the map cannot be read',
    withAbsence({ entry: absence.entry.slice(1) }),
    [[null, 'map_invalid']],
    none,
  ),
  vector(
    'map-ahead',
    'a map that says it knows of entries after its own, and the newest entry of the household left out',
    householdFile(mapAhead()),
    [[null, 'map_invalid']],
    [null, 4, 0],
  ),
  vector('span-missing', 'no span', withAbsence({ spans: [] }), [[null, 'map_invalid']], none),
  vector(
    'span-twice',
    'a span too many',
    withAbsence({ spans: [span, span] }),
    [[null, 'map_invalid']],
    none,
  ),
  vector(
    'span-root',
    'a root that the map does not stand for',
    withSpan({ root: ours.roots['1'] as string }),
    [[null, 'map_invalid']],
    none,
  ),
  vector('withheld', 'the newest entry is held back', held, [[3, 'entry_withheld']], [null, 4, 0]),
  vector(
    'withheld-hidden',
    'the newest entry is held back, and left out of its way',
    { ...held, absence: { ...absence, spans: [{ ...heldSpan, found: null }] } },
    [[null, 'absence_not_shown']],
    [null, 4, 0],
  ),
  vector(
    'way-short',
    'the way lacks its last hash',
    withSpan({ siblings: span.siblings.slice(0, -1) }),
    [[null, 'absence_not_shown']],
    none,
  ),
  vector(
    'way-elsewhere',
    'the way ends at a tag that does not stand where the next one would',
    withSpan({ found: { tag: household.tag(0), leaf: ours.roots['1'] as string } }),
    [[null, 'absence_not_shown']],
    none,
  ),
];

export const chainVectors: readonly ChainVector[] = [
  ...sound,
  ...checkpoints,
  ...entries,
  ...openings,
  ...maps,
];
