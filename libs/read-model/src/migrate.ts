import { invariant } from '@millrace/kernel';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { openReadModel, type ReadModel } from './connect.ts';
import { type Database, LIVE_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';
import { createRuns } from './migrations/0001-runs.ts';
import { createRoles } from './migrations/0002-roles.ts';
import { addLogIdentity } from './migrations/0003-log-identity.ts';
import { addInbox } from './migrations/0004-inbox.ts';
import { addNotBefore } from './migrations/0005-not-before.ts';
import { addShard } from './migrations/0006-shard.ts';

/** Every migration by name, in order. Written for a schema, because a rebuild makes a second set of tables. */
const migrationsOf = (schema: string): Record<string, Migration> => ({
  '0001-runs': createRuns(schema),
  '0002-roles': createRoles(schema),
  '0003-log-identity': addLogIdentity(schema),
  '0004-inbox': addInbox(schema),
  '0005-not-before': addNotBefore(schema),
  '0006-shard': addShard(schema),
});

/** Any number that nobody else uses; processes that migrate at the same time go one after the other. */
const MIGRATION_LOCK = 7_309_453_711_002;

/** Brings the tables of one schema up to date, on a connection that holds the migration lock. */
export const migrateSchema = async (connection: Kysely<Database>, schema: string): Promise<void> => {
  const migrator = new Migrator({
    // The connection's own schema would win over the one that is meant.
    db: connection.withoutPlugins(),
    provider: { getMigrations: async () => migrationsOf(schema) },
    migrationTableSchema: schema,
  });
  const { error } = await migrator.migrateToLatest();
  if (error instanceof Error) throw error;
  invariant(error === undefined, 'the migrator reports failures as errors');
};

/** Lends one connection of its own, without time limits, that holds the migration lock; the lock ends with the connection. */
const withMigrationLock = async <Result>(
  readModel: ReadModel,
  use: (connection: Kysely<Database>) => Promise<Result>,
): Promise<Result> => {
  const own = openReadModel({ ...readModel.options, access: 'write', poolMax: 1, timeouts: 'unlimited' });
  try {
    return await own.db.connection().execute(async (connection) => {
      await sql`select pg_advisory_lock(${sql.lit(MIGRATION_LOCK)})`.execute(connection);
      return await use(connection);
    });
  } finally {
    await own.close();
  }
};

/**
 * Creates the tables or brings them up to date. Safe to repeat, and to run in several processes at the same time.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const migrate = async (readModel: ReadModel): Promise<void> => {
  await translateError(async () =>
    withMigrationLock(readModel, async (connection) => migrateSchema(connection, LIVE_SCHEMA)),
  );
};
