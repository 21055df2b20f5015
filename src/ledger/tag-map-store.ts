// Reads and writes the pages of the map of tags, and how far it has come. One process at a time makes a map: it holds the row
// of its progress until it has committed.
import { sql } from 'kysely';
import type { BrokerTransaction, Store } from '../db/database.ts';
import type { Hash } from './merkle.ts';
import { sha256 } from './node-crypto.ts';
import type { TagPath } from './tag-map.ts';
import {
  hasBelow,
  type Prefix,
  pathInPages,
  placeOf,
  prefixOf,
  readPage,
  type TagPage,
  type TagPair,
  writePage,
} from './tag-page.ts';

export interface MapProgress {
  readonly size: number;
  readonly publishedSize: number | null;
  /** Since the newest map was published; null while there is none. */
  readonly ageMs: number | null;
}

/** Null where another process is making a map right now. */
export async function holdProgress(tx: BrokerTransaction, logId: number): Promise<MapProgress | null> {
  await tx
    .insertInto('tag_map.progress')
    .values({ log_id: logId, size: 0, published_size: null, published_idx: null, published_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { rows } = await sql<{ size: number; published_size: number | null; age_ms: number | null }>`
    select size, published_size, abs(extract(epoch from ledger.now() - published_at) * 1000)::bigint as age_ms
      from tag_map.progress where log_id = ${logId} for update skip locked`.execute(tx);
  const [row] = rows;
  return row ? { size: row.size, publishedSize: row.published_size, ageMs: row.age_ms } : null;
}

export async function saveSize(tx: BrokerTransaction, logId: number, size: number): Promise<void> {
  await tx.updateTable('tag_map.progress').set({ size }).where('log_id', '=', logId).execute();
}

/** Locks nothing that `holdProgress` does not hold already: it may come after the entry. */
export async function savePublished(
  tx: BrokerTransaction,
  logId: number,
  { size, index }: { readonly size: number; readonly index: number },
): Promise<void> {
  await tx
    .updateTable('tag_map.progress')
    .set({ size, published_size: size, published_idx: index, published_at: sql<Date>`ledger.now()` })
    .where('log_id', '=', logId)
    .execute();
}

/** The entry of the newest map, and the roots of its spans; null where there is none, or the next one is half made. */
export async function findMap(db: Store, logId: number): Promise<{ index: number; spans: Hash[] } | null> {
  const row = await db
    .selectFrom('tag_map.progress')
    .select(['size', 'published_size', 'published_idx'])
    .where('log_id', '=', logId)
    .executeTakeFirst();
  if (row === undefined || row.published_idx === null || row.published_size !== row.size) return null;
  return { index: row.published_idx, spans: await readSpans(db, logId) };
}

/** The way to a tag in each span. */
export async function readWays(db: Store, logId: number, spans: number, tag: Uint8Array): Promise<TagPath[]> {
  const prefixes = Array.from({ length: 2 * tag.length }, (_, depth) => bytesOf(prefixOf(tag, depth)));
  const { rows } = await sql<{ span: number; slots: Buffer }>`
    select s.span, p.slots
      from generate_series(0, ${spans}::integer - 1) s(span)
      cross join unnest(${prefixes}::bytea[]) w(prefix)
      join tag_map.page p on p.log_id = ${logId}::smallint and p.span = s.span and p.prefix = w.prefix
     order by s.span, octet_length(p.prefix)`.execute(db);
  const pages: TagPage[][] = Array.from({ length: spans }, () => []);
  for (const { span, slots } of rows) pages[span]?.push(readPage(slots));
  return pages.map((onWay) =>
    onWay.length === 0 ? { siblings: [], found: null } : pathInPages(onWay, tag, sha256),
  );
}

/** A header has no more: what comes after it is body. */
const HEADER_BYTES = 200;
const TAG = /^stabledoor\/entry\/v1\nidx [0-9]+\nprev [^\n]+\ntime [0-9]+\nstag ([A-Za-z0-9+/]{43}=)\n/;

/** Tags of the entries `from` to `to`, exclusive. Errors: entries are missing. */
export async function readTags(db: Store, logId: number, from: number, to: number): Promise<TagPair[]> {
  const rows = await db
    .selectFrom('ledger.entry')
    .select(['leaf', sql<Buffer>`substr(entry, 1, ${sql.lit(HEADER_BYTES)})`.as('header')])
    .where('log_id', '=', logId)
    .where('idx', '>=', from)
    .where('idx', '<', to)
    .orderBy('idx')
    .execute();
  if (rows.length !== to - from) throw new Error(`the store lacks entries between ${from} and ${to - 1}`);
  return rows.flatMap(({ leaf, header }) => {
    const tag = TAG.exec(header.toString('latin1'))?.[1];
    return tag === undefined ? [] : [{ tag: Buffer.from(tag, 'base64'), leaf }];
  });
}

/** The pages on the ways to these tags: level by level, because only a page says whether there is one below it. */
export async function readPages(
  db: Store,
  logId: number,
  span: number,
  tags: readonly Uint8Array[],
): Promise<Map<Prefix, TagPage>> {
  const pages = new Map<Prefix, TagPage>();
  let onWay = tags;
  for (let depth = 0; onWay.length > 0; depth++) {
    const prefixes = new Set(onWay.map((tag) => prefixOf(tag, depth)));
    const rows = await db
      .selectFrom('tag_map.page')
      .select(['prefix', 'slots'])
      .where('log_id', '=', logId)
      .where('span', '=', span)
      .where('prefix', '=', sql<Buffer>`any (${[...prefixes].map(bytesOf)}::bytea[])`)
      .execute();
    for (const { prefix, slots } of rows) pages.set(textOf(prefix), readPage(slots));
    onWay = onWay.filter((tag) => hasBelow(pages.get(prefixOf(tag, depth)), placeOf(tag, depth)));
  }
  return pages;
}

const bytesOf = (prefix: Prefix): Buffer => Buffer.from(prefix, 'latin1');
const textOf = (prefix: Buffer): Prefix => prefix.toString('latin1');

export async function writePages(
  tx: BrokerTransaction,
  logId: number,
  span: number,
  pages: ReadonlyMap<Prefix, TagPage>,
  changed: ReadonlySet<Prefix>,
): Promise<void> {
  const prefixes = [...changed];
  await sql`
    insert into tag_map.page (log_id, span, prefix, slots)
      select ${logId}::smallint, ${span}::integer, u.prefix, u.slots
        from unnest(${prefixes.map(bytesOf)}::bytea[],
          ${prefixes.map((prefix) => writePage(pages.get(prefix) as TagPage))}::bytea[]) u(prefix, slots)
    on conflict (log_id, span, prefix) do update set slots = excluded.slots`.execute(tx);
}

export async function saveSpan(
  tx: BrokerTransaction,
  logId: number,
  span: number,
  root: Hash,
): Promise<void> {
  await tx
    .insertInto('tag_map.span')
    .values({ log_id: logId, span, root: Buffer.from(root) })
    .onConflict((conflict) => conflict.columns(['log_id', 'span']).doUpdateSet({ root: Buffer.from(root) }))
    .execute();
}

/** Roots of the spans, first to last, as far as the pages have come. */
export async function readSpans(db: Store, logId: number): Promise<Hash[]> {
  const rows = await db
    .selectFrom('tag_map.span')
    .select('root')
    .where('log_id', '=', logId)
    .orderBy('span')
    .execute();
  return rows.map(({ root }) => root);
}
