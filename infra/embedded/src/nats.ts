import { createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADMINISTRATOR, permissionsOf, SERVICE_USERS, type ServiceUser } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { type BoundProcess, type ExitStatus, startBound } from './bound-process.ts';
import { findNatsServer } from './find-nats-server.ts';
import { isJetStreamReady, readWriteError } from './jetstream-probe.ts';
import { keepSecret } from './kept-secret.ts';
import {
  type Durability,
  fileStoreLimitOf,
  HEALTH_USER,
  isInMemory,
  type LimitedUser,
  type NatsConfig,
  natsConfigText,
  sizeFileStore,
} from './nats-config.ts';

/** nats-server collects garbage when its heap has grown by half, not doubled: a third less memory under load, for no time that was seen. */
const GARBAGE_PERCENT = '50';

export interface StartNatsOptions {
  /** Everything of the server: configuration, password, store, log. Made if need be. */
  readonly dataDir: string;
  /** Default: any free one. */
  readonly port?: number;
  /** `strict`: on disk before every acknowledgement. */
  readonly durability: Durability;
  /** Shards whose logs the services may read and write. Default: 1 */
  readonly shards?: number;
  /** Path of the program. Default: what {@link findNatsServer} finds. */
  readonly binary?: string;
  /** Isolated accounts with JetStream, each with a user of its name and the same password. Default: none; a user `millrace` who may do all, and one for each service. */
  readonly accounts?: readonly string[];
  /** Most that all streams together may reserve. Default: most of what is free on the disk. */
  readonly maxFileStoreBytes?: number;
  /** Told what an operator should know, such as a store that lives in memory. */
  readonly onWarning?: (line: string) => void;
  readonly onStep?: (line: string) => void;
  readonly readyTimeoutMs?: number;
}

export interface RunningNats {
  /** With user and password; of the first account when there are several. */
  readonly url: string;
  readonly urlOf: (account: string) => string;
  /** For one service, which may do only what it needs; not with accounts. */
  readonly urlFor: (service: ServiceUser) => string;
  readonly port: number;
  readonly pid: number;
  /** What all streams together may reserve with the room that there is now. */
  readonly maxFileStoreBytes: number;
  /** Holds the streams. */
  readonly storeDir: string;
  /** Why a stream cannot be written before the server has started anew; `undefined` when all can. */
  readonly writeError: () => Promise<string | undefined>;
  /** Settles when the server is gone, whoever ended it. */
  readonly exited: Promise<ExitStatus>;
  readonly stop: () => Promise<ExitStatus>;
  readonly kill: () => void;
}

const STOP_GRACE_MS = 10_000;
const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

/** Each from the one that is kept, which none of them tells. */
const passwordFor = (service: ServiceUser, password: string): string =>
  createHmac('sha256', password).update(service).digest('hex');

const limitedUsers = (password: string, logs: number): readonly LimitedUser[] =>
  SERVICE_USERS.map((name) => ({
    name,
    password: passwordFor(name, password),
    permissions: permissionsOf(name, logs),
  }));

/** Logs that an earlier configuration spoke of: they are read for as long as they are there, however many shards there are now. */
const logsOf = ({ shards = 1 }: StartNatsOptions, earlier: string): number =>
  Math.max(shards, ...[...earlier.matchAll(/\bLOG_(\d+)\b/g)].map(([, shard]) => Number(shard) + 1));

const logTail = async (file: string): Promise<string> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-5).join('\n');
};

/** The port that the server wrote down, in a file named for its pid, once it listens. */
const readPort = async (portsDir: string, pid: number): Promise<number | undefined> => {
  const files = await readdir(portsDir).catch(() => []);
  const file = files.find((name) => name.endsWith(`_${pid}.ports`));
  if (file === undefined) return undefined;
  const text = await readFile(join(portsDir, file), 'utf8').catch(() => '');
  const port = /"nats":\s*\[\s*"[^"]*:(\d+)"/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
};

interface Waiting {
  readonly server: BoundProcess;
  readonly portsDir: string;
  readonly logFile: string;
  readonly user: string;
  readonly password: string;
  readonly timeoutMs: number;
}

const waitUntilReady = async (waiting: Waiting): Promise<number> => {
  const { server, portsDir, logFile, user, password, timeoutMs } = waiting;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const port = await readPort(portsDir, server.pid);
    if (port !== undefined && (await isJetStreamReady({ port, user, password }))) return port;
    const gone = !server.isAlive();
    if (gone || performance.now() > deadline) {
      server.kill();
      const what = gone ? 'ended while it started' : `was not ready within ${timeoutMs} ms`;
      throw new AppError('unavailable', 'nats.not_ready', `nats-server ${what}:\n${await logTail(logFile)}`);
    }
    await delay(POLL_MS);
  }
};

/** On a full disk a file that is written again is lost: one that is right is left alone. */
const saveConfig = async (file: string, config: NatsConfig, earlier: string): Promise<void> => {
  const text = natsConfigText({
    ...config,
    maxFileStoreBytes: Math.max(config.maxFileStoreBytes, fileStoreLimitOf(earlier)),
  });
  if (text !== earlier) await writeFile(file, text, { mode: 0o600 });
};

const warnOfMemory = async (storeDir: string, onWarning: (line: string) => void): Promise<void> => {
  if (!(await isInMemory(storeDir))) return;
  onWarning(`${storeDir} lives in memory: nothing survives a power cut, whatever the durability mode says`);
};

/**
 * Starts nats-server with JetStream on loopback, waits until it answers, and sees to it that it dies with this process.
 *
 * @throws AppError `unavailable` `nats.not_ready` with the end of its log, or what {@link findNatsServer} throws.
 */
export const startNats = async (options: StartNatsOptions): Promise<RunningNats> => {
  const dataDir = resolve(options.dataDir);
  const { accounts = [], onWarning = () => undefined } = options;
  const [storeDir, portsDir, logFile] = [join(dataDir, 'store'), join(dataDir, 'ports'), join(dataDir, 'nats.log')];
  await rm(portsDir, { recursive: true, force: true });
  await Promise.all([mkdir(storeDir, { recursive: true, mode: 0o700 }), mkdir(portsDir, { recursive: true })]);
  await warnOfMemory(storeDir, onWarning);
  const binary = options.binary ?? (await findNatsServer(options.onStep ? { onStep: options.onStep } : {})).path;
  const password = await keepSecret(join(dataDir, 'password'));
  const maxFileStoreBytes = options.maxFileStoreBytes ?? (await sizeFileStore(storeDir));
  const user = accounts[0] ?? ADMINISTRATOR;
  const { durability, port = -1 } = options;
  const configFile = join(dataDir, 'nats.conf');
  const earlier = await readFile(configFile, 'utf8').catch(() => '');
  const limited = accounts.length > 0 ? [] : limitedUsers(password, logsOf(options, earlier));
  const given = { storeDir, portsDir, logFile, port, durability, maxFileStoreBytes, user, password, accounts, limited };
  await saveConfig(configFile, given, earlier);
  const server = await startBound({
    command: binary,
    args: ['--config', configFile],
    cwd: dataDir,
    env: { GOGC: GARBAGE_PERCENT, ...process.env },
    stopSignal: 'SIGTERM',
    orphanSignal: 'SIGKILL',
  });
  const timeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const actualPort = await waitUntilReady({ server, portsDir, logFile, user, password, timeoutMs });
  const urlOf = (name: string): string => `nats://${name}:${password}@127.0.0.1:${actualPort}`;
  return {
    url: urlOf(user),
    urlOf,
    urlFor: (service) => `nats://${service}:${passwordFor(service, password)}@127.0.0.1:${actualPort}`,
    port: actualPort,
    pid: server.pid,
    maxFileStoreBytes,
    storeDir,
    writeError: () => readWriteError({ port: actualPort, user: HEALTH_USER, password }),
    exited: server.exited,
    stop: () => server.stop(STOP_GRACE_MS),
    kill: server.kill,
  };
};
