// Opens a database through kysely and pg, with the types the rest of the house relies on: int8 as a number
// that is refused when it is not safe, every wait with a time-out.
import type { Socket } from 'node:net';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { type KeptStatements, keptStatements } from './kept-statements.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
/** What a store function takes first: the domain function owns the transaction. */
export type Store = Kysely<Tables> | Transaction<Tables>;
export type { Transaction };
export type BrokerTransaction = Transaction<Tables>;

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly maxConnections?: number;
  /** How long one statement may take; the server stops it then. */
  readonly statementTimeoutMs?: number;
}

const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint from the database is beyond 2^53');
  return value;
});
/** A date is a local date of some zone: it stays the text that it is. */
types.setTypeParser(pg.types.builtins.DATE, (text: string) => text);

export function openPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName ?? 'stabledoor',
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 10_000,
    query_timeout: (options.statementTimeoutMs ?? 10_000) + 1000,
    idle_in_transaction_session_timeout: (options.statementTimeoutMs ?? 10_000) + 5000,
    types,
  });
  // A broken connection is the pool's to replace, idle or in use: whoever uses it has its query rejected. Without a
  // listener on both, a restart of the database would end the process.
  pool.on('error', () => {});
  const kept = keptStatements();
  pool.on('connect', (client) => {
    client.on('error', () => {});
    attend(client, kept);
  });
  return pool;
}

/**
 * Has statements kept, and ends a connection whose server did not answer in time. Were it used again, a BEGIN that the
 * server comes to later would leave whoever has the connection then inside a transaction, and what they write would not
 * be durable.
 */
function attend(client: pg.PoolClient, kept: KeptStatements): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const attended = (...args: unknown[]): unknown => {
    const answer = query(...withName(args, kept));
    if (answer instanceof Promise)
      answer.catch((error: Error) => {
        if (error.message === 'Query read timeout') socketOf(client)?.destroy();
      });
    return answer;
  };
  client.query = attended as typeof client.query;
}

/** What kysely says: a text and its parameters. Without any it may be several statements, which cannot be prepared. */
function withName(args: unknown[], kept: KeptStatements): unknown[] {
  const [text, values] = args;
  if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
  const name = kept.nameOf(text);
  return name === null ? args : [{ name, text, values }];
}

const socketOf = (client: pg.PoolClient) =>
  (client as unknown as { connection?: { stream?: Socket } }).connection?.stream;

/** `Schema` is the broker's own tables, or those of another store with its own database. */
export function openDatabase<Schema = Tables>(options: DatabaseOptions): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool(options) }) });
}
