// The process's view of ledger.now(): the machine's clock plus the offset that the database keeps, told of changes by
// NOTIFY. This is the one place that asks the machine for the time.
import { uptime } from 'node:os';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import pg from 'pg';
import type { Clock } from '../lib/clock.ts';

/** For what happens before there is a database: making keys. Nothing that is recorded or compared may use it. */
export const machineClock: Clock = { nowMs: () => Date.now() };

/** To find out whether a clock can be believed: the machine's, and how long the machine has been up, asleep or awake. */
export const machineTimes = { wallMs: () => Date.now(), uptimeMs: () => uptime() * 1000 };

export interface DatabaseClock extends Clock {
  /** Reads the offset again, for whoever has just moved the clock. */
  refresh(): Promise<void>;
  /** Sets ledger.now(), everywhere; null gives the machine's clock back. Refused in production (SD001). */
  move(ms: number | null): Promise<number>;
  close(): Promise<void>;
}

/** `listenUrl`: a connection of its own, so that a move made by another process is heard within milliseconds. */
export async function openClock(db: Kysely<never>, listenUrl: string | null): Promise<DatabaseClock> {
  let offsetMs = 0;
  const refresh = async () => {
    const { rows } = await sql<{ offset_ms: number }>`select offset_ms from ledger.clock_offset`.execute(db);
    offsetMs = Number(rows[0]?.offset_ms ?? 0);
  };
  await refresh();
  const listener = listenUrl === null ? null : keepListening(listenUrl, refresh);
  return {
    nowMs: () => Date.now() + offsetMs,
    refresh,
    async move(ms) {
      const { rows } = await sql<{ now: number }>`select ledger.move_clock(${ms}::bigint) as now`.execute(db);
      await refresh();
      return Number(rows[0]?.now);
    },
    close: async () => listener?.close(),
  };
}

/** LISTEN needs one connection for good; when it is lost, it is made anew and the offset read again. */
function keepListening(url: string, refresh: () => Promise<void>): { close(): Promise<void> } {
  let client: pg.Client | null = null;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;
  const connect = async () => {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'stabledoor clock',
      connectionTimeoutMillis: 3000,
    });
    next.on('notification', () => void refresh().catch(() => {}));
    next.on('error', () => {});
    next.once('end', again);
    client = next;
    await next.connect();
    await next.query('listen ledger_clock');
    await refresh();
  };
  const again = () => {
    if (closed) return;
    clearTimeout(retry);
    retry = setTimeout(() => void connect().catch(again), 500);
    retry.unref();
  };
  void connect().catch(again);
  return {
    async close() {
      closed = true;
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  };
}
