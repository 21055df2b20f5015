// A small log in which one household has entries, and the file that it gets about itself, honest or bent: made without a
// database, so that any log can be thought up.
import { type ChainFile, type ChainOpening, tagOf } from '../../src/ledger/chain-file.ts';
import { formatCheckpoint } from '../../src/ledger/checkpoint.ts';
import { commitment, openSubject } from '../../src/ledger/commitment.ts';
import { utf8 } from '../../src/ledger/crypto.ts';
import { leafHash, rootOfLeaves } from '../../src/ledger/merkle.ts';
import { inclusionProof } from '../../src/ledger/merkle-proof.ts';
import { sha256 } from '../../src/ledger/node-crypto.ts';
import { formatNote } from '../../src/ledger/note.ts';
import { cosigner } from '../../src/ledger/note-signer.ts';
import { MAP_SPAN } from '../../src/ledger/tag-map.ts';
import { encodeBase64 } from '../../src/lib/base64.ts';
import { drafts, entriesOf, logSigner, requestOf, START_S, type Step } from './small-log.ts';
import { modelMap, modelPath, modelRoot, type Pair } from './tag-model.ts';
import { fromBase64, ours } from './vectors.ts';

const subjectOf = (byte: number) => openSubject(new Uint8Array(32).fill(byte), ours.origin);
export const household = subjectOf(3);
const neighbour = subjectOf(4);
const witness = cosigner('witness.example/w1', new Uint8Array(32).fill(2));

type Value = NonNullable<ChainOpening['value']>;
type Values = Readonly<Record<string, Value>>;
/** What entries of that kind commit to; of the readings the broker keeps no value. */
const values: Readonly<Record<string, Values>> = {
  'meter-point.linked': { meter_point: '1200023305967' },
  'consent.requested': { wording: 'sha256-of-the-text' },
  'consent.given': { wording: 'sha256-of-the-text', meter_points: ['1200023305967'] },
  disclosure: { readings: [{ from: 1, value: 250 }], proof: 'a.b.c', meter_point: '1200023305967' },
};
const notKept = new Set(['readings']);

const openingsOf = (kind: string, index: number): [string, Value, Uint8Array][] =>
  Object.entries(values[kind] ?? {}).map(([field, value]) => [
    field,
    value,
    household.record(requestOf(index)).salt(field),
  ]);

/** The household's entries stand at 3 to 6; its `numbers` are theirs in its chain. Its neighbour has the next eight. */
export function chainedSteps(numbers: readonly number[] = [0, 1, 2, 3]): Step[] {
  const kinds = ['meter-point.linked', 'consent.requested', 'consent.given', 'disclosure'] as const;
  const own = kinds.map((kind, i): Step => {
    const commit = openingsOf(kind, 3 + i).map(([field, value, salt]) => [
      field,
      commitment(field, salt, value),
    ]);
    return {
      draft: drafts[kind],
      stag: household.tag(numbers[i] as number),
      commit: Object.fromEntries(commit),
    };
  });
  const others = Array.from({ length: 8 }, (_, i): Step => {
    return { draft: drafts['meter-point.linked'], stag: neighbour.tag(i) };
  });
  const opening = (['log.opened', 'policy.published', 'third-party.registered'] as const).map(
    (kind): Step => ({ draft: drafts[kind] }),
  );
  return [...opening, ...own, ...others];
}

export interface ChainedLog {
  readonly entries: readonly string[];
  /** Index of each entry of the household, in the log's order. */
  readonly own: readonly number[];
  /** Index of the map. */
  readonly map: number;
  readonly span: number;
}

/** With a map over all entries before it, and one more entry, of the neighbour, after it. */
export function chainedLog(steps = chainedSteps(), span = MAP_SPAN): ChainedLog {
  const size = steps.length;
  const root = encodeBase64(modelMap(pairsOf(entriesOf(steps), size), size, span));
  const published: Step = { draft: { ...drafts['map.published'], size, root } };
  const later: Step = { draft: drafts['meter-point.linked'], stag: neighbour.tag(8) };
  const own = [3, 4, 5, 6].filter((index) => index < size);
  return { entries: entriesOf([...steps, published, later]), own, map: size, span };
}

/** Its map says that it covers a thousand entries, and the household's fourth stands behind it. */
export function mapAhead(): ChainedLog {
  const steps = chainedSteps();
  const before = steps.slice(0, 6);
  const root = encodeBase64(modelMap(pairsOf(entriesOf(before), 6), 6, MAP_SPAN));
  const published: Step = { draft: { ...drafts['map.published'], size: 1000, root } };
  const entries = entriesOf([...before, published, ...steps.slice(6)]);
  return { entries, own: [3, 4, 5], map: 6, span: MAP_SPAN };
}

const leavesOf = (entries: readonly string[]) => entries.map((text) => leafHash(utf8(text), sha256));
function pairsOf(entries: readonly string[], size: number): (Pair & { index: number })[] {
  const leaves = leavesOf(entries);
  return entries.slice(0, size).flatMap((text, index) => {
    const stag = /\nstag ([^\n-][^\n]*)\n/.exec(text)?.[1];
    return stag === undefined ? [] : [{ index, tag: fromBase64(stag), leaf: leaves[index] as Uint8Array }];
  });
}

export const proofOf = (log: ChainedLog, index: number): string[] =>
  inclusionProof(leavesOf(log.entries), index, sha256).map(encodeBase64);

/** The ways to the household's tag of that number, a span each. */
export function waysTo(log: ChainedLog, number: number): NonNullable<ChainFile['absence']>['spans'] {
  const tag = tagOf(household.chainKey, number, sha256);
  const pairs = pairsOf(log.entries, log.map);
  return Array.from({ length: Math.ceil(log.map / log.span) }, (_, span) => {
    const inside = pairs.filter(({ index }) => Math.floor(index / log.span) === span);
    const { siblings, found } = modelPath(inside, tag);
    return {
      root: encodeBase64(modelRoot(inside)),
      siblings: siblings.map(encodeBase64),
      found: found && { tag: encodeBase64(found.tag), leaf: encodeBase64(found.leaf) },
    };
  });
}

const openedAt = (log: ChainedLog, index: number): Record<string, ChainOpening> => {
  const kind = /"kind":"([^"]+)"/.exec(log.entries[index] as string)?.[1] as string;
  return Object.fromEntries(
    openingsOf(kind, index).map(([field, value, salt]) => [
      field,
      notKept.has(field) ? { salt: encodeBase64(salt) } : { salt: encodeBase64(salt), value },
    ]),
  );
};

export const entryOf = (log: ChainedLog, index: number): ChainFile['entries'][number] => ({
  entry: log.entries[index] as string,
  proof: proofOf(log, index),
  opened: openedAt(log, index),
});

/** What the household gets. `first` counts its own entries. */
export function householdFile(log: ChainedLog, first = 0): ChainFile {
  const root = rootOfLeaves(leavesOf(log.entries), sha256);
  const text = formatCheckpoint({ origin: ours.origin, size: log.entries.length, root });
  return {
    format: 'stabledoor/chain/v1',
    origin: ours.origin,
    exported_ms: (START_S + 120) * 1000,
    chain_key: encodeBase64(household.chainKey),
    first,
    checkpoint: formatNote(text, [logSigner.sign(text), witness.cosign(text, START_S + 60)]),
    entries: log.own.slice(first).map((index) => entryOf(log, index)),
    absence: {
      entry: log.entries[log.map] as string,
      proof: proofOf(log, log.map),
      spans: waysTo(log, log.own.length),
    },
  };
}
