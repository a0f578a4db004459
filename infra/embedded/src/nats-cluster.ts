import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADMINISTRATOR } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { type BoundProcess, startBound } from './bound-process.ts';
import { findNatsServer } from './find-nats-server.ts';
import { findFreePort } from './free-port.ts';
import { isJetStreamReady } from './jetstream-probe.ts';
import { keepSecret } from './kept-secret.ts';
import { type Durability, natsConfigText, sizeFileStore } from './nats-config.ts';

export interface StartNatsClusterOptions {
  /** Everything of all servers; each has a folder in it. Made if need be. */
  readonly dataDir: string;
  /** An odd number. Default 3. */
  readonly size?: number;
  readonly durability: Durability;
  /** Path of the program. Default: what {@link findNatsServer} finds. */
  readonly binary?: string;
  readonly readyTimeoutMs?: number;
}

/** One server of the cluster; it comes back on the same ports with what it has stored. */
export interface NatsMember {
  readonly name: string;
  /** Of this server alone. */
  readonly url: string;
  readonly pid: () => number;
  readonly isAlive: () => boolean;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** In order; resolves when it is gone. */
  readonly stop: () => Promise<void>;
  /** Resolves when it takes requests again. */
  readonly start: () => Promise<void>;
}

export interface NatsCluster {
  /** Of all servers, separated by commas. */
  readonly url: string;
  readonly members: readonly NatsMember[];
  readonly stop: () => Promise<void>;
}

const STOP_GRACE_MS = 10_000;
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly clusterPort: number;
}

interface Settings {
  readonly binary: string;
  readonly password: string;
  readonly durability: Durability;
  /** All of them share a disk. */
  readonly maxFileStoreBytes: number;
  readonly clusterPorts: readonly number[];
  readonly readyTimeoutMs: number;
}

const launch = async (place: Place, settings: Settings): Promise<BoundProcess> => {
  const { name, folder, port, clusterPort } = place;
  const storeDir = join(folder, 'store');
  await mkdir(storeDir, { recursive: true, mode: 0o700 });
  const { durability, password, maxFileStoreBytes } = settings;
  const text = natsConfigText({
    storeDir,
    port,
    portsDir: folder,
    logFile: join(folder, 'nats.log'),
    durability,
    maxFileStoreBytes,
    user: ADMINISTRATOR,
    password,
    accounts: [],
    limited: [],
    cluster: { serverName: name, port: clusterPort, peerPorts: settings.clusterPorts },
  });
  const configFile = join(folder, 'nats.conf');
  await writeFile(configFile, text, { mode: 0o600 });
  return startBound({
    command: settings.binary,
    args: ['--config', configFile],
    cwd: folder,
    stopSignal: 'SIGTERM',
    orphanSignal: 'SIGKILL',
  });
};

const untilReady = async ({ name, folder, port }: Place, server: BoundProcess, settings: Settings): Promise<void> => {
  const deadline = performance.now() + settings.readyTimeoutMs;
  const target = { port, user: ADMINISTRATOR, password: settings.password };
  while (!(await isJetStreamReady(target))) {
    const gone = !server.isAlive();
    if (gone || performance.now() > deadline) {
      server.kill();
      const log = (await readFile(join(folder, 'nats.log'), 'utf8').catch(() => '')).trim().split('\n').slice(-5);
      const what = gone ? 'ended while it started' : `was not ready within ${settings.readyTimeoutMs} ms`;
      throw new AppError('unavailable', 'nats.not_ready', `${name} ${what}:\n${log.join('\n')}`);
    }
    await delay(POLL_MS);
  }
};

/** All start at the same time: one alone has no leader and is never ready. */
const makeMember = (place: Place, settings: Settings): NatsMember & { readonly launch: () => Promise<void> } => {
  let server: BoundProcess | undefined;
  const running = (): BoundProcess => {
    if (server === undefined) throw new AppError('bug', 'nats.not_started', `${place.name} was not started`);
    return server;
  };
  const launchIt = async (): Promise<void> => {
    server = await launch(place, settings);
  };
  const start = async (): Promise<void> => {
    if (server?.isAlive() !== true) await launchIt();
    await untilReady(place, running(), settings);
  };
  return {
    name: place.name,
    url: `nats://${ADMINISTRATOR}:${settings.password}@127.0.0.1:${place.port}`,
    pid: () => running().pid,
    isAlive: () => server?.isAlive() === true,
    kill: async () => {
      running().kill();
      await running().exited;
    },
    stop: async () => {
      await server?.stop(STOP_GRACE_MS);
    },
    launch: launchIt,
    start,
  };
};

const choosePlaces = async (dataDir: string, size: number): Promise<readonly Place[]> => {
  const places: Place[] = [];
  for (let number = 1; number <= size; number += 1) {
    const name = `millrace-${number}`;
    const [port, clusterPort] = [await findFreePort(), await findFreePort()];
    places.push({ name, folder: join(dataDir, name), port, clusterPort });
  }
  return places;
};

/**
 * Starts several nats-servers on loopback that keep copies of each other's streams, and waits until all answer. They die with this process.
 *
 * @throws AppError `unavailable` `nats.not_ready` with the end of a log, or what {@link findNatsServer} throws.
 */
export const startNatsCluster = async (options: StartNatsClusterOptions): Promise<NatsCluster> => {
  const { size = 3, durability, readyTimeoutMs = READY_TIMEOUT_MS } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const places = await choosePlaces(dataDir, size);
  const settings: Settings = {
    binary: options.binary ?? (await findNatsServer()).path,
    password: await keepSecret(join(dataDir, 'password')),
    durability,
    maxFileStoreBytes: Math.floor((await sizeFileStore(dataDir)) / size),
    clusterPorts: places.map(({ clusterPort }) => clusterPort),
    readyTimeoutMs,
  };
  const members = places.map((place) => makeMember(place, settings));
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
  };
  try {
    await Promise.all(members.map((member) => member.launch()));
    await Promise.all(members.map((member) => member.start()));
    return { url: members.map(({ url }) => url).join(','), members, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
