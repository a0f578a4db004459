import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectLog, ensureTopology, logBytesWithin, type LogConnection, type ServiceUser } from '@millrace/eventlog';
import { kindOf } from '@millrace/kernel';
import { migrate, openReadModel } from '@millrace/read-model';
import { type ServerConfig } from '@millrace/runtime';
import { countOpenRuns } from './count-open-runs.ts';
import { findNatsServer } from './find-nats-server.ts';
import { keepDisk, warnOfLargeStreams } from './keep-disk.ts';
import { type KeptProcess, keepRunning } from './keep-running.ts';
import { openLogFile } from './log-file.ts';
import { type RunningNats, startNats } from './nats.ts';
import { type PlatformParts } from './platform-parts.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';

export interface LogServer {
  /** Of the administrator, or the one that was given. */
  readonly url: string;
  /** For one service; the one that was given serves all. */
  readonly urlFor: (service: ServiceUser) => string;
  /** Open for as long as the platform runs. */
  readonly connection: LogConnection;
  /** Of the server that was started here. */
  readonly version: string | undefined;
}

const INBOX_SHARE_OF_STORE = 1 / 128;

interface NatsAddress extends Pick<LogServer, 'url' | 'urlFor'> {
  readonly version: string | undefined;
  readonly storeBytes: number;
  readonly nats: KeptProcess<RunningNats>;
}

const startOwnNats = async (config: ServerConfig, parts: PlatformParts): Promise<NatsAddress> => {
  const env = { ...process.env, ...(config.nats.serverBin ? { NATS_SERVER_BIN: config.nats.serverBin } : {}) };
  const onStep = (message: string): void => parts.onEvent({ type: 'step', message });
  const onWarning = (message: string): void => parts.onEvent({ type: 'warning', message });
  const { path, version } = await findNatsServer({ env, onStep });
  const dataDir = join(config.server.dataDir, 'nats');
  const fixed = config.nats.port === 0 ? undefined : config.nats.port;
  const { durability, shards } = config.server;
  const start = (previous: RunningNats | undefined): Promise<RunningNats> => {
    const port = previous?.port ?? fixed;
    return startNats({ dataDir, durability, shards, binary: path, onWarning, ...(port === undefined ? {} : { port }) });
  };
  const { onEvent } = parts;
  const nats = await parts.add(
    keepRunning({ name: 'nats', start, onEvent, onPid: (pid) => parts.setPid('nats', pid) }),
  );
  const { url, urlFor, maxFileStoreBytes } = nats.current();
  return { url, urlFor, version, storeBytes: maxFileStoreBytes, nats };
};

/** Starts nats-server unless one is given, connects, and creates the streams. */
export const prepareLog = async (config: ServerConfig, parts: PlatformParts): Promise<LogServer> => {
  const given = config.nats.url;
  const { url, urlFor, version, storeBytes, nats } =
    given === undefined
      ? await startOwnNats(config, parts)
      : { url: given, urlFor: () => given, version: undefined, storeBytes: Number.MAX_SAFE_INTEGER, nats: undefined };
  const connection = await connectLog({ url, name: 'supervisor' });
  parts.defer(() => connection.close());
  const logMaxBytes = Math.min(config.nats.logMaxBytes, logBytesWithin(storeBytes));
  const inboxMaxBytes = Math.min(config.inbox.maxBytes, Math.floor(storeBytes * INBOX_SHARE_OF_STORE));
  const [logMaxAgeMs, inboxMaxAgeMs] = [config.nats.logMaxAge, config.inbox.maxAge];
  const { replicas } = config.nats;
  await ensureTopology(connection, {
    logMaxBytes,
    logMaxAgeMs,
    inboxMaxBytes,
    inboxMaxAgeMs,
    replicas,
    shards: config.server.shards,
    countOpenRuns: (ring) => countOpenRuns(connection, ring),
  });
  if (nats !== undefined) {
    const options = { nats, connection, onEvent: parts.onEvent };
    parts.defer(keepDisk(options));
    await warnOfLargeStreams(options);
  }
  return { url, urlFor, connection, version };
};

export interface DatabaseServer {
  readonly url: string;
  /** Of the server that was started here. */
  readonly version: string | undefined;
}

/** Starts PostgreSQL unless one is given. */
export const preparePostgres = async (config: ServerConfig, parts: PlatformParts): Promise<DatabaseServer> => {
  if (config.postgres.url !== undefined) return { url: config.postgres.url, version: undefined };
  const logFile = openLogFile(join(config.server.dataDir, 'logs', 'postgres.log'));
  const dataDir = join(config.server.dataDir, 'postgres');
  const fixed = config.postgres.port === 0 ? undefined : config.postgres.port;
  const start = (previous: RunningPostgres | undefined): Promise<RunningPostgres> => {
    const port = previous?.port ?? fixed;
    return startPostgres({ dataDir, onOutput: logFile.write, ...(port === undefined ? {} : { port }) });
  };
  const { onEvent } = parts;
  const postgres = await parts.add(
    keepRunning({
      name: 'postgres',
      start,
      onEvent,
      onPid: (pid) => parts.setPid('postgres', pid),
    }),
  );
  const { url, version } = postgres.current();
  return { url, version };
};

/** How long a Postgres that has just started may be too busy to take a connection. */
const MIGRATION_PATIENCE_MS = 60_000;
const MIGRATION_PAUSE_MS = 500;

/** Brings the tables of the read models up to date. */
export const migrateReadModels = async (databaseUrl: string): Promise<void> => {
  const readModel = openReadModel({ url: databaseUrl, poolMax: 1, applicationName: 'millrace migrations' });
  const patienceEnds = performance.now() + MIGRATION_PATIENCE_MS;
  try {
    for (;;) {
      try {
        await migrate(readModel);
        return;
      } catch (error) {
        if (kindOf(error) !== 'unavailable' || performance.now() > patienceEnds) throw error;
        await delay(MIGRATION_PAUSE_MS);
      }
    }
  } finally {
    await readModel.close();
  }
};
