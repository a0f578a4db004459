/** A whole cluster as processes of one machine: three nats-servers whose streams have three copies, and several of each service. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deployFolder } from '@millrace/deploy';
import { type NatsCluster, startNatsCluster, startPostgres } from '@millrace/embedded';
import { connectLog, ensureTopology, type LogConnection, openBundles, openCatalog } from '@millrace/eventlog';
import { migrate, openReadModel } from '@millrace/read-model';
import { systemClock } from '@millrace/runtime';
import { makeTempFolder, type StartedService, startService, trackProcess, untrackProcess } from '@millrace/testkit';

const SERVERS = 3;
const LOG_BYTES = 256 * 1024 * 1024;
const READY_TIMEOUT_MS = 120_000;

export type Kind = 'gateway' | 'scheduler' | 'executor' | 'projector';

/** One process of a service; it comes back in the same place when it is started again. */
export interface Member {
  readonly name: string;
  readonly kind: Kind;
  readonly service: () => StartedService;
  /** SIGTERM, its end, and another start. */
  readonly restart: () => Promise<void>;
  /** Starts it again after it has ended otherwise. */
  readonly start: () => Promise<void>;
  /** SIGTERM and its end. */
  readonly stop: () => Promise<void>;
}

export interface Cluster {
  readonly nats: NatsCluster;
  readonly databaseUrl: string;
  readonly token: string;
  readonly home: string;
  /** To look at the streams; of the test, not of a service. */
  readonly connection: LogConnection;
  readonly members: (kind: Kind) => readonly Member[];
  /** One more of a service. */
  readonly add: (kind: Kind, env?: Readonly<Record<string, string>>) => Promise<Member>;
  readonly gatewayUrls: () => readonly string[];
  readonly stop: () => Promise<void>;
}

export interface ClusterOptions {
  readonly counts: Readonly<Record<Kind, number>>;
  /** By path and file name, as in the workflows folder. */
  readonly workflows: Readonly<Record<string, string>>;
  readonly concurrentRuns: number;
  /** Of each executor. */
  readonly slots: number;
}

const writeWorkflows = (folder: string, workflows: ClusterOptions['workflows']): void => {
  for (const [file, text] of Object.entries(workflows)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text, { mode: 0o755 });
  }
};

const deploy = async (connection: LogConnection, folder: string): Promise<void> => {
  const catalog = openCatalog(connection);
  try {
    await catalog.ready;
    const report = await deployFolder({ folder, catalog, bundles: openBundles(connection), clock: systemClock });
    if (report.problems.length > 0) throw new Error(`workflows were refused: ${JSON.stringify(report.problems)}`);
  } finally {
    await catalog.close();
  }
};

const migrateAll = async (url: string): Promise<void> => {
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'cluster test' });
  try {
    await migrate(readModel);
  } finally {
    await readModel.close();
  }
};

const entryOf = (kind: Kind): string => join(import.meta.dirname, '../../services', kind, 'src/main.ts');

type Environment = Readonly<Record<string, string>>;

const startMember = async (name: string, kind: Kind, env: Environment): Promise<Member> => {
  let running: StartedService | undefined;
  const service = (): StartedService => {
    if (running === undefined) throw new Error(`${name} was never started`);
    return running;
  };
  const start = async (): Promise<void> => {
    const port = running === undefined ? '0' : new URL(running.url).port;
    running = await startService(entryOf(kind), {
      env: { ...env, MILLRACE_PORT: port },
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
  };
  const stop = async (): Promise<void> => {
    await service().stop();
    untrackProcess(service().pid);
  };
  await start();
  return {
    name,
    kind,
    service,
    start,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
  };
};

/** nats-servers and Postgres, with streams, tables and workflows in them. */
const startServers = async (home: string, { workflows }: ClusterOptions) => {
  const nats = await startNatsCluster({ dataDir: join(home, 'nats'), size: SERVERS, durability: 'strict' });
  for (const { name, pid, isAlive } of nats.members) {
    trackProcess({
      name,
      get pid() {
        return pid(); // another one after a restart
      },
      isAlive,
    });
  }
  const postgres = await startPostgres({ dataDir: join(home, 'postgres') });
  await migrateAll(postgres.url);
  const connection = await connectLog({ url: nats.url, name: 'cluster test' });
  await ensureTopology(connection, { logMaxBytes: LOG_BYTES, replicas: SERVERS });
  const folder = join(home, 'workflows');
  writeWorkflows(folder, workflows);
  await deploy(connection, folder);
  const stop = async (): Promise<void> => {
    await connection.close();
    await postgres.stop();
    await nats.stop();
  };
  return { nats, databaseUrl: postgres.url, connection, stop };
};

/** Starts everything; {@link Cluster.stop} it in `afterAll`. */
export const startCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const home = makeTempFolder('cluster');
  const servers = await startServers(home, options);
  const token = `cluster-${randomBytes(16).toString('hex')}`;
  const members: Member[] = [];
  const common = {
    NATS_URL: servers.nats.url,
    DATABASE_URL: servers.databaseUrl,
    MILLRACE_TOKEN: token,
    MILLRACE_MASTER_KEY: randomBytes(32).toString('base64'),
    MILLRACE_MAX_CONCURRENT_RUNS: String(options.concurrentRuns),
    MILLRACE_SLOTS: String(options.slots),
    MILLRACE_SPAWNERS: '1',
    MILLRACE_WORKFLOW_HOSTS: '1',
  };
  const numbers: Partial<Record<Kind, number>> = {};
  const add: Cluster['add'] = async (kind, env = {}) => {
    const number = (numbers[kind] ?? 0) + 1;
    numbers[kind] = number; // before anything is awaited: several start at the same time
    const name = `${kind}-${number}`;
    const member = await startMember(name, kind, { ...common, MILLRACE_DATA_DIR: join(home, name), ...env });
    members.push(member);
    return member;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    await servers.stop();
  };
  try {
    // The scheduler first: executors wait for a leader.
    for (const kind of ['scheduler', 'executor', 'projector', 'gateway'] as const) {
      await Promise.all(Array.from({ length: options.counts[kind] }, () => add(kind)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...servers,
    token,
    home,
    members: (kind) => members.filter((member) => member.kind === kind),
    add,
    gatewayUrls: () => members.filter(({ kind }) => kind === 'gateway').map(({ service }) => service().url),
    stop,
  };
};
