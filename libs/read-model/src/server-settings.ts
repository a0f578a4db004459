import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/** What the Postgres server itself says about how it runs. */
export interface ServerSettings {
  /** Such as `18.1`. */
  readonly version: string;
  /** `off` loses and corrupts what was written before a power cut. */
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly connectionsMax: number;
  readonly connectionsNow: number;
}

interface SettingsRow {
  readonly version: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly connections_max: number;
  readonly connections_now: number;
}

/** @throws AppError `unavailable` when Postgres is away. */
export const readServerSettings = async (readModel: ReadModel): Promise<ServerSettings> => {
  const { rows } = await translateError(async () =>
    readModel.pool.query<SettingsRow>(
      `select current_setting('server_version') as version, current_setting('fsync') as fsync,
              current_setting('synchronous_commit') as synchronous_commit,
              current_setting('max_connections')::int as connections_max,
              (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections_now`,
    ),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('one row is selected');
  return {
    version: row.version,
    fsync: row.fsync,
    synchronousCommit: row.synchronous_commit,
    connectionsMax: row.connections_max,
    connectionsNow: row.connections_now,
  };
};
