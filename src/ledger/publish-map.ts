// Makes the map of tags grow with the log and publishes its root as an entry, at an interval. The head is held for that entry
// alone; pages, progress and entry commit together, so that whatever a crash leaves is a map of some size.
import type { BrokerTransaction, Database } from '../db/database.ts';
import { encodeBase64 } from '../lib/base64.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import type { Ledger } from './ledger.ts';
import { sha256 } from './node-crypto.ts';
import { EMPTY_NODE, MAP_SPAN, mapRoot } from './tag-map.ts';
import {
  holdProgress,
  type MapProgress,
  readPages,
  readSpans,
  readTags,
  savePublished,
  saveSize,
  saveSpan,
  writePages,
} from './tag-map-store.ts';
import { addTags } from './tag-page.ts';
import { readSize } from './tile-store.ts';

export interface MapParts {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly mapIntervalMs: number;
  /** Entries a tree is over; other than the format's in tests alone. */
  readonly span?: number;
}

/** Few enough that hashing them holds up nobody for long. */
const STEP = 256;
/** Entries that one transaction takes in. What is left of a long way goes into further ones. */
const MOST_AT_ONCE = 8192;
/** A map that lags this far behind the head is not published yet: it would soon be too old for a verifier. */
const MOST_LAG = 32_768;

/** Publishes a map if one is due. Null if none is, or another process is at it. Errors: those of an append. */
export async function publishMap(parts: MapParts): Promise<number | null> {
  for (;;) {
    const done = await parts.db.transaction().execute((tx) => growAndPublish(parts, tx));
    if (done !== 'goes on') return done;
  }
}

async function growAndPublish(parts: MapParts, tx: BrokerTransaction): Promise<number | null | 'goes on'> {
  const { logId } = parts.ledger;
  const progress = await holdProgress(tx, logId);
  if (progress === null) return null;
  const head = await readSize(tx, logId);
  if (!isDue(progress, head, parts.mapIntervalMs)) return null;
  const size = Math.min(head, progress.size + MOST_AT_ONCE);
  await grow(tx, parts, progress.size, size);
  if (head - size > MOST_LAG) {
    await saveSize(tx, logId, size);
    return 'goes on';
  }
  const root = encodeBase64(mapRoot(await readSpans(tx, logId), sha256));
  const body = { kind: 'map.published', actor: 'broker', size, root } as const;
  const [receipt] = await parts.ledger.appendWithin(tx, [{ req: newRequestId(), householdId: null, body }]);
  if (receipt === undefined) return null;
  await savePublished(tx, logId, { size, index: receipt.index });
  return receipt.index;
}

/** A log in which nothing was written but its last map gets no other. What was begun and cut short is due at once. */
function isDue({ size, publishedSize, ageMs }: MapProgress, head: number, mapIntervalMs: number): boolean {
  if (head <= (publishedSize ?? -1) + 1) return false;
  return size !== (publishedSize ?? 0) || ageMs === null || ageMs >= mapIntervalMs;
}

async function grow(
  tx: BrokerTransaction,
  { ledger: { logId }, span: width = MAP_SPAN }: MapParts,
  from: number,
  to: number,
): Promise<void> {
  for (let next = from; next < to; ) {
    const span = Math.floor(next / width);
    const end = Math.min(next + STEP, to, (span + 1) * width);
    const pairs = await readTags(tx, logId, next, end);
    if (pairs.length > 0) {
      const pages = await readPages(
        tx,
        logId,
        span,
        pairs.map(({ tag }) => tag),
      );
      const changed = new Set<string>();
      const root = addTags(pages, pairs, changed, sha256);
      await writePages(tx, logId, span, pages, changed);
      await saveSpan(tx, logId, span, root?.hash ?? EMPTY_NODE);
    } else if (next % width === 0) await saveSpan(tx, logId, span, EMPTY_NODE);
    next = end;
  }
}

const lookEveryMs = 60_000;

/** Looks every minute, or as often as a map is wanted; call what it gives to end that. */
export function watchMap(parts: MapParts & { readonly logger: Logger }): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(
    () => {
      running = running.then(() =>
        publishMap(parts).catch((error: unknown) =>
          parts.logger.warn({ err: error }, 'the map of tags is not published yet'),
        ),
      );
    },
    Math.min(lookEveryMs, parts.mapIntervalMs),
  );
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
