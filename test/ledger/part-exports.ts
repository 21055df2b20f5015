// Exports of a part of a log, and exports with openings: what they are made of, and what a verifier must find in them.

import { commitment } from '../../src/ledger/commitment.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import type { ExportLine } from '../../src/ledger/export-format.ts';
import { leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { frontierRanges } from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { at, honestThen, read } from './bent-log.ts';
import { drafts, entriesOf, exportOf, honest, type Step } from './small-log.ts';

/** The entries from `from` on, with the roots that stand for those before. */
export function partOf(steps: readonly Step[], from: number, entries = entriesOf(steps)): ExportLine[] {
  const [manifest, key, policy, ...rest] = exportOf(entries) as [ExportLine, ExportLine, ExportLine];
  const leaves = entries.map((text) => leafHash(utf8(text), sha256));
  const roots = frontierRanges(from).map(({ start, end }) => rootOfLeaves(leaves.slice(start, end), sha256));
  return [
    { ...manifest, from } as ExportLine,
    key,
    { type: 'frontier', hashes: roots.map(encodeBase64) },
    policy,
    ...(rest as ExportLine[]).slice(from),
  ];
}

const without = (lines: readonly ExportLine[], type: ExportLine['type']) =>
  lines.filter((line) => line.type !== type);
const withFrontier = (lines: readonly ExportLine[], change: (hashes: string[]) => string[]): ExportLine[] =>
  lines.map((line) => (line.type === 'frontier' ? { ...line, hashes: change(line.hashes) } : line));

const salt = encodeBase64(new Uint8Array(32).fill(5));
const value = '[8312,7901]';
const committed = commitment('readings', new Uint8Array(32).fill(5), [8312, 7901]);
const opened = entriesOf(at(honest, 6, { commit: { readings: committed } }));
const opening = (bend: Partial<Extract<ExportLine, { type: 'opening' }>> = {}): ExportLine[] =>
  exportOf(opened).toSpliced(10, 0, { type: 'opening', field: 'readings', salt, value, ...bend });

const over = { ...drafts['consent.stopped'] };
export const parts = {
  whole: partOf(honest, 4),
  resting: partOf(honest, 6),
  oneEntry: partOf(honest, 7),
  withoutFrontier: without(partOf(honest, 5), 'frontier'),
  ofOtherEntries: withFrontier(partOf(honest, 6), (hashes) => hashes.toReversed()),
  frontierTooLong: withFrontier(partOf(honest, 6), (hashes) => [...hashes, ...hashes]),
  frontierOfWhole: [
    ...exportOf(entriesOf(honest)).slice(0, 2),
    { type: 'frontier', hashes: [salt] },
    ...exportOf(entriesOf(honest)).slice(2),
  ] satisfies ExportLine[],
  gap: partOf(honest, 4).toSpliced(6, 1),
  stoppedInIt: partOf(honestThen(over, read({})), 6),
  stoppedBeforeGiven: partOf(honestThen(over, drafts['consent.given']), 7),
  narrowedInIt: partOf(
    honestThen(
      drafts['consent.narrowed'],
      read({ version: 2, resolution: 'P1M', count: 1 }),
      read({ version: 2, store_read: '1700000000/3' }),
    ),
    7,
  ),
  laterReads: partOf(
    honestThen(
      read({ store_read: '1700000000/7' }),
      read({ store_read: '1700000000/5' }),
      read({ store_read: '1700000000/9' }),
    ),
    8,
  ),
  opened: opening(),
  openedOther: opening({ value: '[8312,7902]' }),
  openedUnknown: opening({ field: 'salary' }),
  openedFirst: exportOf(opened).toSpliced(3, 0, { type: 'opening', field: 'readings', salt, value }),
};
