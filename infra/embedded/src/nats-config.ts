import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type NatsPermissions } from '@millrace/eventlog';

export type Durability = 'strict' | 'relaxed';

export interface NatsConfig {
  readonly storeDir: string;
  /** -1: any free one. */
  readonly port: number;
  readonly portsDir: string;
  readonly logFile: string;
  readonly durability: Durability;
  readonly maxFileStoreBytes: number;
  readonly user: string;
  readonly password: string;
  /** When there are several, each is isolated and has a user of its name. */
  readonly accounts: readonly string[];
  /** Users beside `user` who may do only what is named; not with accounts. */
  readonly limited: readonly LimitedUser[];
  /** Default: it is alone. */
  readonly cluster?: ClusterPlace;
}

/** One of several servers that keep copies of each other's streams. */
export interface ClusterPlace {
  /** Unlike those of the others, and the same at every start. */
  readonly serverName: string;
  /** Where the others reach it; none of the ports that clients use. */
  readonly port: number;
  /** Of all members, this one may be among them. */
  readonly peerPorts: readonly number[];
}

export interface LimitedUser {
  readonly name: string;
  readonly password: string;
  readonly permissions: NatsPermissions;
}

const MIB = 1024 * 1024;
const MAX_PAYLOAD_BYTES = 8 * MIB;
/** The server holds what it has not yet sent to a slow reader up to this. */
const MAX_PENDING_BYTES = 64 * MIB;
const LOG_FILE_BYTES = 10 * MIB;
/** What the server's own default would fsync only now and then is what `strict` rules out. */
const SYNC_INTERVAL: Readonly<Record<Durability, string>> = { strict: 'always', relaxed: '"2m"' };

const account = (name: string, password: string): string =>
  `  ${name}: { jetstream: enabled, users: [{ user: ${quote(name)}, password: ${quote(password)} }] }`;

const quote = (text: string): string => JSON.stringify(text);

/** Who may ask the server how it is, and nothing else. */
export const HEALTH_USER = 'health';

const systemAccount = (password: string): string => {
  const permissions = '{ publish: ["$SYS.REQ.SERVER.PING.HEALTHZ"], subscribe: ["probe.>"] }';
  return `  $SYS: { users: [{ user: ${quote(HEALTH_USER)}, password: ${quote(password)}, permissions: ${permissions} }] }`;
};

const listed = (subjects: readonly string[]): string => `[${subjects.map(quote).join(', ')}]`;

const limitedUser = ({ name, password, permissions: { publish, subscribe } }: LimitedUser): string =>
  `  { user: ${quote(name)}, password: ${quote(password)}, permissions: { publish: ${listed(publish)}, subscribe: ${listed(subscribe)} } }`;

/** Without accounts the user belongs to the global one, under whose name the streams are stored. */
const authorization = ({ accounts, user, password, limited }: NatsConfig): readonly string[] => [
  ...(accounts.length > 0
    ? []
    : [
        'authorization { users: [',
        `  { user: ${quote(user)}, password: ${quote(password)} }`,
        ...limited.map(limitedUser),
        '] }',
      ]),
  'accounts {',
  systemAccount(password),
  ...accounts.map((name) => account(name, password)),
  '}',
];

const clusterBlock = ({ port, peerPorts }: ClusterPlace, password: string): readonly string[] => [
  'cluster {',
  '  name: millrace',
  `  listen: "127.0.0.1:${port}"`,
  `  authorization { user: routes, password: ${quote(password)} }`,
  `  routes: [${peerPorts.map((peer) => quote(`nats://routes:${password}@127.0.0.1:${peer}`)).join(', ')}]`,
  '}',
];

/** The server's configuration file. Loopback, a user for each service, JetStream; no websocket, MQTT, leaf nodes or monitoring port. */
export const natsConfigText = (config: NatsConfig): string =>
  [
    `server_name: ${config.cluster?.serverName ?? 'millrace'}`,
    `listen: "127.0.0.1:${config.port}"`,
    `ports_file_dir: ${quote(config.portsDir)}`,
    `log_file: ${quote(config.logFile)}`,
    `logfile_size_limit: ${LOG_FILE_BYTES}`,
    `logfile_max_num: 3`,
    `max_payload: ${MAX_PAYLOAD_BYTES}`,
    `max_pending: ${MAX_PENDING_BYTES}`,
    `max_connections: 1000`,
    `lame_duck_grace_period: "0s"`,
    `jetstream {`,
    `  store_dir: ${quote(config.storeDir)}`,
    `  sync_interval: ${SYNC_INTERVAL[config.durability]}`,
    `  max_memory_store: ${256 * MIB}`,
    `  max_file_store: ${config.maxFileStoreBytes}`,
    `}`,
    ...authorization(config),
    ...(config.cluster === undefined ? [] : clusterBlock(config.cluster, config.password)),
    '',
  ].join('\n');

/** File systems that live in memory: TMPFS_MAGIC and RAMFS_MAGIC of `statfs(2)`. */
const MEMORY_FILE_SYSTEMS = new Set([0x01021994, 0x858458f6]);

export const isInMemory = async (folder: string): Promise<boolean> =>
  MEMORY_FILE_SYSTEMS.has((await statfs(folder)).type >>> 0);

const folderBytes = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          (found) => found.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

const SHARE_OF_DISK = 0.8;
const LEAST_STORE_BYTES = 1024 * MIB;

/** How much the server may keep: most of what is free now together with what it has already. */
export const sizeFileStore = async (storeDir: string): Promise<number> => {
  const { bavail, bsize } = await statfs(storeDir);
  const available = bavail * bsize + (await folderBytes(storeDir));
  return Math.max(LEAST_STORE_BYTES, Math.floor((available * SHARE_OF_DISK) / MIB) * MIB);
};

/**
 * The limit that an earlier configuration set; 0 when there is none. It must not shrink while streams reserve more than
 * the new one: the server then refuses every change of them, a smaller size included.
 */
export const fileStoreLimitOf = (configText: string): number =>
  Number(/^\s*max_file_store: (\d+)$/m.exec(configText)?.[1] ?? 0);
