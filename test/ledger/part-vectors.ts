// The exports of parts of a log, and of openings, as vectors: what a verifier must find in each.
import { at } from './bent-log.ts';
import { type ExportVector, vector } from './export-vector.ts';
import { parts } from './part-exports.ts';
import { checkpointOf, entriesOf, honest, START_S } from './small-log.ts';

const entries = entriesOf(honest);
const rechained = entriesOf(at(honest, 4, { timeMs: START_S * 1000 + 4001 }));

export const partVectors: readonly ExportVector[] = [
  vector('part', 'entries 4 to 7, which rest on entries before them in part', parts.whole),
  vector(
    'part-resting',
    'entries 6 and 7: the consent that the read rests on was given before',
    parts.resting,
  ),
  vector('part-of-one', 'the last entry alone', parts.oneEntry),
  vector('part-kept-checkpoint', 'a checkpoint of the size at which the part begins', parts.whole, [], {
    checkpoints: [checkpointOf(entries, 4), checkpointOf(entries, 3), checkpointOf(entries, 6)],
  }),
  vector(
    'part-kept-checkpoint-of-another-history',
    'what comes before the part is not what was seen before',
    parts.resting,
    [[null, 'checkpoint_root']],
    { checkpoints: [checkpointOf(rechained, 6)] },
  ),
  vector('part-without-frontier', 'nothing stands for the entries before it', parts.withoutFrontier, [
    [null, 'export_format'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('part-of-other-entries', 'the roots before it are others than were signed', parts.ofOtherEntries, [
    [7, 'checkpoint_root'],
    [null, 'checkpoint_missing'],
  ]),
  vector('part-frontier-too-long', 'more roots than a tree of that size has', parts.frontierTooLong, [
    [null, 'export_format'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('part-frontier-of-a-whole-log', 'roots of entries before entry 0', parts.frontierOfWhole, [
    [null, 'export_format'],
    [null, 'log_opened'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('part-gap', 'an entry of the part is missing', parts.gap, [
    [6, 'entry_index'],
    [6, 'entry_link'],
    [7, 'checkpoint_misplaced'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
  vector('part-after-stop', 'a disclosure after a stop, both in the part', parts.stoppedInIt, [
    [9, 'consent_not_in_force'],
  ]),
  vector('part-given-after-stop', 'given after a stop, both in the part', parts.stoppedBeforeGiven, [
    [9, 'consent_move'],
  ]),
  vector('part-narrowed', 'narrowed in the part: those terms hold from there on', parts.narrowedInIt, [
    [10, 'finer_than_consented'],
  ]),
  vector('part-store-reads', 'numbers below the first of the part are not missing', parts.laterReads),
  vector('opened', 'what the readings of entry 6 were, with their salt', parts.opened),
  vector('opened-other', 'other readings than were committed to', parts.openedOther, [
    [6, 'opening_mismatch'],
  ]),
  vector('opened-unknown', 'a field that the entry does not commit to', parts.openedUnknown, [
    [6, 'opening_mismatch'],
  ]),
  vector('opened-before-any', 'an opening before the first entry', parts.openedFirst, [
    [null, 'export_format'],
    [null, 'log_opened'],
    [null, 'size_mismatch'],
    [null, 'checkpoint_missing'],
  ]),
];
