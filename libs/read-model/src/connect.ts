import { Kysely, PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';
import { SECOND, type Milliseconds } from '@millrace/kernel';
import { type Database, LIVE_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';

/** A pool of connections to the read models. Connections come and go with Postgres; the pool stays. */
export interface ReadModel {
  /** For this package only. */
  readonly db: Kysely<Database>;
  /** For this package only. */
  readonly pool: Pool;
  /** As it was opened. */
  readonly options: ReadModelOptions;
  /** Waits for what is running, then closes every connection. Safe to repeat. */
  readonly close: () => Promise<void>;
}

export interface ReadModelOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Connections at the same time; further callers wait at most two seconds for one. */
  readonly poolMax: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** `read` makes every transaction read-only; `write` by default. */
  readonly access?: 'read' | 'write';
  /** Longest statement and longest wait for a lock, 5 s and 3 s by default. `unlimited` is for migrations and rebuilds. */
  readonly timeouts?: 'bounded' | 'unlimited';
}

const CONNECT_TIMEOUT: Milliseconds = 2 * SECOND;
const STATEMENT_TIMEOUT: Milliseconds = 5 * SECOND;
const LOCK_TIMEOUT: Milliseconds = 3 * SECOND;
const IDLE_IN_TRANSACTION_TIMEOUT: Milliseconds = 10 * SECOND;
const IDLE_TIMEOUT: Milliseconds = 30 * SECOND;
/** A server that hangs without closing its sockets is given up this long after it should have given up itself. */
const CLIENT_MARGIN: Milliseconds = 2 * SECOND;

/** Sequences fit a double (2^53); times become the texts that the events carried. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, (text) => Number(text)],
  [types.builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString()],
]);

const getTypeParser = ((...args: Parameters<typeof types.getTypeParser>) =>
  PARSERS.get(args[0]) ?? (types.getTypeParser(...args) as unknown)) as typeof types.getTypeParser;

const timeoutsOf = ({ timeouts = 'bounded' }: ReadModelOptions) =>
  timeouts === 'unlimited'
    ? {}
    : {
        statement_timeout: STATEMENT_TIMEOUT,
        query_timeout: STATEMENT_TIMEOUT + CLIENT_MARGIN,
        lock_timeout: LOCK_TIMEOUT,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
      };

const makePool = (options: ReadModelOptions): Pool => {
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolMax,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    idleTimeoutMillis: IDLE_TIMEOUT,
    keepAlive: true,
    ...timeoutsOf(options),
    options: `-c TimeZone=UTC -c DateStyle=ISO${options.access === 'read' ? ' -c default_transaction_read_only=on' : ''}`,
    types: { getTypeParser },
  });
  // An idle connection that breaks leaves the pool by itself; whoever asks next gets a new one or an error.
  pool.on('error', () => undefined);
  // One that breaks between two statements of a transaction tells its next statement; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

/** Opens no connection yet: the first query does. */
export const openReadModel = (options: ReadModelOptions): ReadModel => {
  const pool = makePool(options);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }).withSchema(LIVE_SCHEMA);
  let closing: Promise<void> | undefined;
  return { db, pool, options, close: () => (closing ??= pool.end()) };
};

/** Whether Postgres answers, by one round trip. */
export const pingReadModel = async (readModel: ReadModel): Promise<void> => {
  await translateError(async () => readModel.pool.query('select 1'));
};
