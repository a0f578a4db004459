import { mkdir } from 'node:fs/promises';
import { openTokens } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { type ServerConfig, type ServerFile, type ServerProcess } from '@millrace/runtime';
import { type AdminToken, ensureAdminToken } from './admin-token.ts';
import { lockDataFolder } from './data-lock.ts';
import { type Deployment, deployWorkflows } from './deployment.ts';
import { portProblem } from './free-port.ts';
import { migrateReadModels, prepareLog, preparePostgres } from './infrastructure.ts';
import { ensureMasterKey } from './master-key.ts';
import { type OnPlatformEvent } from './platform-events.ts';
import { startNotifierWhenNeeded } from './notifier-on-demand.ts';
import { makePlatformParts, type PlatformParts } from './platform-parts.ts';
import { makeServerFileWriter, type ServerFileWriter } from './server-file-writer.ts';
import { type AdaptEnvironment } from './service-environment.ts';
import { keepService } from './services.ts';

export interface PlatformOptions {
  readonly onEvent?: OnPlatformEvent;
  readonly adaptEnvironment?: AdaptEnvironment;
  /** Aborting it while things start ends what has started. */
  readonly signal?: AbortSignal;
}

/** All of Millrace, under one supervisor. */
export interface Platform {
  /** Of the HTTP interface, as one reaches it from this machine. */
  readonly url: string;
  readonly token: string;
  readonly tokenOrigin: AdminToken['origin'];
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Of the nats-server that was started here. */
  readonly natsVersion: string | undefined;
  readonly postgresVersion: string | undefined;
  readonly deployment: Deployment;
  readonly pids: () => ServerFile['pids'];
  /** Ports of further listeners of dialects, by their names. */
  readonly listeners: () => Readonly<Record<string, number>>;
  /** Ends a process in order and starts it again, on the same ports. */
  readonly restart: (name: ServerProcess) => Promise<void>;
  /** In order, within time limits; no process is left. Safe to repeat. */
  readonly stop: () => Promise<void>;
  /** At once, by force. */
  readonly kill: () => void;
}

const LOOPBACK_OF_ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

const urlOf = (bind: string, port: number): string => {
  const host = LOOPBACK_OF_ANY[bind] ?? (bind.includes(':') ? `[${bind}]` : bind);
  return `http://${host}:${port}`;
};

const checkPort = async ({ server: { port, bind } }: ServerConfig): Promise<void> => {
  const problem = await portProblem(port, bind);
  if (problem === undefined) return;
  const what: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use: stop what listens there, or choose another (--port ${port + 1}, --port 0 for any)`,
    EACCES: `port ${port} needs rights that this process does not have: choose one above 1023 (--port 8080)`,
    EADDRNOTAVAIL: `${bind} is no address of this machine: choose another (--bind 127.0.0.1)`,
  };
  throw new AppError(
    'refused',
    'server.cannot_listen',
    what[problem] ?? `cannot listen on ${bind}:${port}: ${problem}`,
  );
};

interface Assembly {
  readonly config: ServerConfig;
  readonly parts: PlatformParts;
  readonly file: ServerFileWriter;
}

/** Everything at the same time that can be; each step waits for exactly what it needs. */
const assemble = async ({ config, parts, file }: Assembly): Promise<Omit<Platform, 'stop' | 'kill' | 'restart'>> => {
  const preparingLog = prepareLog(config, parts);
  const preparingPostgres = preparePostgres(config, parts);
  const [log, database] = await Promise.all([preparingLog, preparingPostgres]);
  const databaseUrl = database.url;
  const addresses = { natsUrlFor: log.urlFor, databaseUrl, port: config.server.port };
  const withKey = { ...addresses, masterKey: await ensureMasterKey(config, process.env) };
  file.update({ natsUrl: log.url, databaseUrl });

  const tokens = openTokens(log.connection);
  parts.defer(() => tokens.close());
  const [token, deployment, gateway] = await Promise.all([
    ensureAdminToken({ dataDir: config.server.dataDir, tokens, configured: config.server.apiKey }),
    deployWorkflows(config, log.connection, parts),
    keepService('gateway', config, withKey, parts),
    keepService('scheduler', config, addresses, parts),
    keepService('executor', config, withKey, parts),
    migrateReadModels(databaseUrl).then(() => keepService('projector', config, addresses, parts)),
  ]);
  startNotifierWhenNeeded(log.connection, { start: () => keepService('notifier', config, withKey, parts), parts });
  const url = urlOf(config.server.bind, gateway.port);
  file.update({ url, token: token.token });
  return {
    url,
    token: token.token,
    tokenOrigin: token.origin,
    natsUrl: log.url,
    databaseUrl,
    natsVersion: log.version,
    postgresVersion: database.version,
    deployment,
    pids: () => file.current().pids,
    listeners: () => file.current().listeners ?? {},
  };
};

const whenAborted = async (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    const abort = (): void => reject(new AppError('refused', 'platform.interrupted', 'interrupted while starting'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
  });

/**
 * Starts NATS and PostgreSQL unless they are given, creates streams and tables, starts the four services, deploys the
 * workflows, and keeps all of it running. Nothing outlives this process, however it ends.
 *
 * @throws AppError `refused` `data.in_use`, `server.cannot_listen`; `unavailable` with what did not start; nothing is left then.
 */
export const startPlatform = async (config: ServerConfig, options: PlatformOptions = {}): Promise<Platform> => {
  const { dataDir } = config.server;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataFolder(dataDir);
  const file = makeServerFileWriter(dataDir);
  const parts = makePlatformParts(options.onEvent ?? (() => undefined), file, options.adaptEnvironment);
  const stop = async (): Promise<void> => {
    await parts.stop();
    await lock.release();
  };
  try {
    await checkPort(config);
    const assembled = await Promise.race([assemble({ config, parts, file }), whenAborted(options.signal)]);
    const restart = async (name: ServerProcess): Promise<void> => {
      const part = parts.get(name);
      if (part === undefined) throw new AppError('not_found', 'platform.no_process', `${name} was not started here`);
      await part.restart();
    };
    return { ...assembled, restart, stop, kill: parts.kill };
  } catch (error) {
    await stop();
    throw error;
  }
};
