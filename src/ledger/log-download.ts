// Reads a log from its public address (C2SP tlog-tiles), bounded in time, size and tries. What comes back is a stranger's
// word, to be verified; what does not come back is told apart from what the log says it does not have.
import { setTimeout as pause } from 'node:timers/promises';
import type { FetchTile } from './verify-tiles.ts';

/** The log could not be read, which says nothing of whether it is sound. */
export class LogUnreadable extends Error {
  override readonly name = 'LogUnreadable';
}

export interface LogAddress {
  readonly url: string;
  /** Of the newest checkpoint, nothing of it verified. */
  readonly note: Uint8Array;
}

const MAX_NOTE_BYTES = 400_000;
const MAX_TILE_BYTES = 8192;
const TIMEOUT_MS = 20_000;
const TRIES = 4;
const MAX_WAIT_MS = 30_000;

/** Takes the address of a broker, of its log, or of a copy of its files. Throws LogUnreadable. `timeoutMs` is for one answer, to its end. */
export async function findLog(url: string, timeoutMs = TIMEOUT_MS): Promise<LogAddress> {
  const base = url.replace(/\/+$/, '');
  const places = base.endsWith('/ledger') ? [base] : [`${base}/ledger`, base];
  for (const place of places) {
    const note = await download(`${place}/checkpoint`, MAX_NOTE_BYTES, timeoutMs);
    if (note !== null) return { url: place, note };
  }
  throw new LogUnreadable(`there is no log at ${base}: ${places[0]}/checkpoint is not there`);
}

/** Null for a tile that the log says is not there. Its fetches throw LogUnreadable. */
export const tilesAt =
  (url: string, timeoutMs = TIMEOUT_MS): FetchTile =>
  (path) =>
    download(`${url}/${path}`, MAX_TILE_BYTES, timeoutMs);

async function download(url: string, limit: number, timeoutMs: number): Promise<Uint8Array | null> {
  for (let tries = 1; ; tries++) {
    const answer = await ask(url, limit, timeoutMs).catch((error: unknown) => ({
      failed: reasonOf(error, timeoutMs),
      waitMs: 500,
    }));
    if (!('failed' in answer)) return answer.bytes;
    if (answer.waitMs === null || tries === TRIES) throw new LogUnreadable(`${url} ${answer.failed}`);
    await pause(answer.waitMs);
  }
}

type Answer =
  | { readonly bytes: Uint8Array | null }
  /** Null: it is no use to ask again. */
  | { readonly failed: string; readonly waitMs: number | null };

async function ask(url: string, limit: number, timeoutMs: number): Promise<Answer> {
  // A log is where the caller said it is: a redirection could lead to another, or into the caller's own network.
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
  const { status, headers } = response;
  if (status === 200) return await readBody(response, limit);
  await response.body?.cancel();
  if (status === 404 || status === 410) return { bytes: null };
  const to = headers.get('location');
  if (status >= 300 && status < 400)
    return { failed: `leads on to ${to ?? 'nowhere'}: give that address`, waitMs: null };
  const waitMs = status === 429 || status >= 500 ? waitOf(headers.get('retry-after')) : null;
  return { failed: `answered ${status}`, waitMs };
}

async function readBody(response: Response, limit: number): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) return { failed: `is longer than ${limit} bytes`, waitMs: null };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}

const waitOf = (retryAfter: string | null): number =>
  /^[0-9]{1,4}$/.test(retryAfter ?? '') ? Math.min(Number(retryAfter) * 1000, MAX_WAIT_MS) : 1000;

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'failed without words';
  if (error.name === 'TimeoutError') return `did not answer in ${timeoutMs / 1000} s`;
  const { cause } = error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return `does not answer (${inner instanceof Error && inner.message !== '' ? inner.message : error.message})`;
}
