/**
 * A second set of tables that takes the place of the live ones.
 *
 * The rebuild fills the schema `millrace_rebuild` beside the live projector. To swap, it locks the live positions against writers: nobody
 * can project while the new tables are brought to exactly that position, take over what the log no longer holds, and get the name of the live
 * schema. Readers are never blocked, and see either set whole.
 */
import { AppError, invariant } from '@millrace/kernel';
import { type Kysely, sql } from 'kysely';
import { openReadModel, type ReadModel } from './connect.ts';
import { type Database, LIVE_SCHEMA, REBUILD_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';
import { migrate, migrateSchema } from './migrate.ts';
import { projectedAnchor, type ProjectedAnchor, type Projection, projectionsOf } from './projected-position.ts';
import { type Reach, takeOver } from './take-over.ts';

export interface RebuildSwap {
  /** All whose rows are in the tables. */
  readonly shards: readonly number[];
  /** Brings the new tables to these positions of a shard exactly. Runs while writers are locked out: do the bulk of the work before. */
  readonly catchUp: (shard: number, live: LivePositions) => Promise<RebuildReach>;
}

/** How far the live projections have come; at 0 when they have not begun. */
export type LivePositions = Readonly<Record<Projection, ProjectedAnchor>>;

/** What the new tables cover: everything from `first` to `last` of each stream. The rest is taken over. */
export type RebuildReach = Readonly<Record<Projection, Reach>>;

/** New tables in the making. */
export interface RebuildTables {
  /** Connections without time limits; write to the schema `REBUILD_SCHEMA`. */
  readonly readModel: ReadModel;
  readonly livePositions: (shard: number) => Promise<LivePositions>;
  /** Makes the new tables the live ones. */
  readonly swap: (swap: RebuildSwap) => Promise<void>;
}

const REBUILD_LOCK = 7_309_453_711_003;
const OLD_SCHEMA = 'millrace_old';
const POOL_MAX = 4;
const fresh = (table: string) => sql.id(REBUILD_SCHEMA, table);

const dropSchema = async (db: Kysely<Database>, schema: string): Promise<void> => {
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(db);
};

const livePositions = async (readModel: ReadModel, shard: number): Promise<LivePositions> => ({
  runs: await projectedAnchor(readModel, shard, 'runs'),
  output: await projectedAnchor(readModel, shard, 'output'),
  requests: await projectedAnchor(readModel, shard, 'requests'),
});

const setPositions = async (db: Kysely<Database>, shard: number, reach: RebuildReach): Promise<void> => {
  for (const projection of projectionsOf(shard)) {
    await sql`insert into ${fresh('projection_position')} (projection, shard, sequence, stored_at)
      values (${projection}, ${shard}, ${reach[projection].last}, ${reach[projection].storedAt ?? null})
      on conflict (projection, shard) do update set sequence = excluded.sequence, stored_at = excluded.stored_at`.execute(
      db,
    );
  }
};

const swapTables = async (readModel: ReadModel, { shards, catchUp }: RebuildSwap): Promise<void> => {
  await readModel.db.transaction().execute(async (transaction) => {
    await sql`lock table ${sql.id(LIVE_SCHEMA, 'projection_position')} in exclusive mode`.execute(transaction);
    for (const shard of shards) {
      const reach = await catchUp(shard, await livePositions({ ...readModel, db: transaction }, shard));
      await takeOver(transaction, reach, { shard, isOnly: shards.length === 1 });
      await setPositions(transaction, shard, reach);
    }
    await sql`alter schema ${sql.id(LIVE_SCHEMA)} rename to ${sql.id(OLD_SCHEMA)}`.execute(transaction);
    await sql`alter schema ${sql.id(REBUILD_SCHEMA)} rename to ${sql.id(LIVE_SCHEMA)}`.execute(transaction);
  });
  await dropSchema(readModel.db, OLD_SCHEMA);
};

const prepare = async (readModel: ReadModel): Promise<void> => {
  await migrate(readModel);
  await dropSchema(readModel.db, OLD_SCHEMA);
  await dropSchema(readModel.db, REBUILD_SCHEMA);
  await readModel.db.connection().execute(async (connection) => migrateSchema(connection, REBUILD_SCHEMA));
};

/**
 * Lends empty tables for a rebuild, and removes what was not swapped.
 *
 * @throws AppError `conflict` `rebuild.running` while another rebuild runs, `unavailable` when Postgres is away.
 */
export const withRebuildTables = async <Result>(
  url: string,
  use: (tables: RebuildTables) => Promise<Result>,
): Promise<Result> => {
  const readModel = openReadModel({
    url,
    poolMax: POOL_MAX,
    applicationName: 'millrace rebuild',
    timeouts: 'unlimited',
  });
  const rebuild = async (lock: Kysely<Database>): Promise<Result> => {
    const { rows } = await sql<{
      locked: boolean;
    }>`select pg_try_advisory_lock(${sql.lit(REBUILD_LOCK)}) as locked`.execute(lock);
    invariant(rows[0], 'a lock is taken or not');
    if (!rows[0].locked) throw new AppError('conflict', 'rebuild.running', 'another rebuild is running');
    await prepare(readModel);
    const result = await use({
      readModel,
      livePositions: (shard) => livePositions(readModel, shard),
      swap: (swap) => swapTables(readModel, swap),
    });
    await dropSchema(readModel.db, REBUILD_SCHEMA);
    return result;
  };
  try {
    return await translateError(async () => readModel.db.connection().execute(rebuild));
  } finally {
    await readModel.close();
  }
};
