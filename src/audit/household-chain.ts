// A household's chain for the household itself: its entries with proofs, what opens them, and that there is no next one. Read
// in one snapshot, so that all of it holds under one checkpoint. Only what the household's own key reaches is in it.
import type { Database, Store } from '../db/database.ts';
import {
  CHAIN_FORMAT,
  type ChainEntry,
  type ChainFile,
  type ChainOpening,
  MAX_CHAIN_ENTRIES,
} from '../ledger/chain-file.ts';
import { parseCheckpoint } from '../ledger/checkpoint.ts';
import type { Subject } from '../ledger/commitment.ts';
import { parseEntry } from '../ledger/entry.ts';
import { type EntryBody, parseEntryBody } from '../ledger/entry-body.ts';
import { openEvidence } from '../ledger/evidence.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { splitNote } from '../ledger/note.ts';
import { proveEach } from '../ledger/proofs.ts';
import type { Subjects } from '../ledger/subjects.ts';
import { findMap, readWays } from '../ledger/tag-map-store.ts';
import { findTree, readEntryBytes } from '../ledger/tile-store.ts';
import { newestWitnessed } from '../ledger/witnessed-store.ts';
import { encodeBase64 } from '../lib/base64.ts';
import type { JsonValue } from '../lib/canonical-json.ts';
import type { Clock } from '../lib/clock.ts';
import { StabledoorError } from '../lib/errors.ts';
import type { HouseholdId } from '../lib/ids.ts';
import { firstNumber, type OwnEntry, readOwnEntries } from './household-chain-store.ts';

export interface ChainParts {
  readonly db: Database;
  readonly ledger: Pick<Ledger, 'logId' | 'origin'>;
  readonly subjects: Subjects;
  readonly clock: Clock;
}

/** From the household's entry number `from` on; without it, from its first in this log. Errors: `not_found`. */
export async function readHouseholdChain(
  { db, ledger: { logId, origin }, subjects, clock }: ChainParts,
  householdId: HouseholdId,
  from?: number,
): Promise<ChainFile> {
  const subject = await subjects.find(householdId);
  if (subject === null)
    throw new StabledoorError('not_found', 'There is no such household, or it has been erased.');
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      const first = from ?? (await firstNumber(tx, logId, householdId));
      const map = await findMap(tx, logId);
      const tree = await chooseTree(tx, logId, map?.index ?? -1);
      const read = { first, before: tree.size, most: MAX_CHAIN_ENTRIES + 1 };
      const all = await readOwnEntries(tx, logId, householdId, read);
      const own = all.slice(0, MAX_CHAIN_ENTRIES);
      const isWhole = all.length === own.length && map !== null && map.index < tree.size;
      const indexes = [...own.map(({ index }) => index), ...(isWhole ? [map.index] : [])];
      const proofs = (await proveEach(tx, logId, indexes, tree)).map(({ hashes }) =>
        hashes.map(encodeBase64),
      );
      return {
        format: CHAIN_FORMAT,
        origin,
        exported_ms: clock.nowMs(),
        chain_key: encodeBase64(subject.chainKey),
        first,
        checkpoint: tree.note,
        entries: own.map((one, i) => chainEntry(one, proofs[i] as string[], subject, origin)),
        absence: isWhole
          ? await absenceOf(tx, logId, map, {
              proof: proofs.at(-1) as string[],
              tag: subject.tag(first + own.length),
            })
          : null,
      };
    });
}

/** One that witnesses signed, unless it is too old to cover the map. */
async function chooseTree(tx: Store, logId: number, mapIndex: number) {
  const witnessed = await newestWitnessed(tx, logId);
  const newest = await findTree(tx, logId, undefined);
  const note = witnessed !== null && witnessed.size > mapIndex ? witnessed.note : newest.checkpoint;
  if (note === null) throw new StabledoorError('not_found', 'The ledger has no checkpoint yet.');
  const { size, root } = parseCheckpoint(splitNote(note).text);
  return { size, root, note };
}

function chainEntry(
  { entry, sealed }: OwnEntry,
  proof: string[],
  subject: Subject,
  origin: string,
): ChainEntry {
  const text = entry.toString('utf8');
  const body = parseEntryBody(parseEntry(text).body);
  return { entry: text, proof, opened: openingsOf(body, subject, origin, sealed) };
}

function openingsOf(body: EntryBody, subject: Subject, origin: string, sealed: Buffer | null) {
  if (!('commit' in body)) return {};
  const record = subject.record(body.req);
  const kept: Readonly<Record<string, JsonValue>> =
    sealed === null ? {} : openEvidence(record, origin, body.req, sealed);
  const opening = (field: string): ChainOpening => {
    const salt = encodeBase64(record.salt(field));
    const value = kept[field];
    return value === undefined ? { salt } : { salt, value: value as NonNullable<ChainOpening['value']> };
  };
  return Object.fromEntries(Object.keys(body.commit).map((field) => [field, opening(field)]));
}

async function absenceOf(
  tx: Store,
  logId: number,
  map: NonNullable<Awaited<ReturnType<typeof findMap>>>,
  { proof, tag }: { readonly proof: string[]; readonly tag: string },
): Promise<ChainFile['absence']> {
  const [entry] = await readEntryBytes(tx, logId, map.index, map.index + 1);
  const ways = await readWays(tx, logId, map.spans.length, Buffer.from(tag, 'base64'));
  const spans = ways.map(({ siblings, found }, i) => ({
    root: encodeBase64(map.spans[i] as Uint8Array),
    siblings: siblings.map(encodeBase64),
    found: found === null ? null : { tag: encodeBase64(found.tag), leaf: encodeBase64(found.leaf) },
  }));
  return { entry: Buffer.from(entry as Uint8Array).toString('utf8'), proof, spans };
}
