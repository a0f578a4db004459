import {
  DELIVERIES_STREAM,
  DELIVERY_ATTEMPTS_STREAM,
  EVENTS_STREAM,
  INBOX_STREAM,
  logStream,
  logSubject,
  outputStream,
  outputSubject,
  PUBLIC_EVENTS_FILTER,
  SCHEDULES_STREAM,
  scheduleSubject,
  shardsUpTo,
  SINGLE_RING,
  webhookSubject,
} from '@millrace/contracts';
import { DAY, MINUTE } from '@millrace/kernel';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  PersistMode,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { Objm } from '@nats-io/obj';
import { millis, nanos } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { handleOf, managerOf } from './nats-handle.ts';
import { type ChangingRing, keepRing, ringFor } from './ring.ts';

export interface TopologyOptions extends ChangingRing {
  /** Most that all logs together may hold; every other stream gets a share of this. 8 GiB by default. nats-server reserves the room at once. */
  readonly logMaxBytes?: number;
  /** How long the log keeps a commit, and with it idempotency keys. 7 days by default. */
  readonly logMaxAgeMs?: number;
  /** Most that the requests inbox may hold; a 64th of the log by default. The oldest go first. */
  readonly inboxMaxBytes?: number | undefined;
  /** How long refused requests are kept. 7 days by default. */
  readonly inboxMaxAgeMs?: number | undefined;
  /** Servers of a cluster that keep a copy of each stream. 1 by default. */
  readonly replicas?: number;
}

/** Results of durable steps; a subject per run. */
export const JOURNAL_STREAM = 'JOURNAL';
export const CATALOG_BUCKET = 'catalog';
export const TOKENS_BUCKET = 'tokens';
export const SECRETS_BUCKET = 'secrets';
export const VERSIONS_BUCKET = 'versions';
export const TRIGGERS_BUCKET = 'triggers';
export const WEBHOOKS_BUCKET = 'webhooks';
export const BUNDLES_STORE = 'bundles';
export const FILES_STORE = 'files';
/** What schedulers have folded. */
export const SNAPSHOTS_STORE = 'snapshots';

/** Keys of runs whose data can be taken back. A stream and no bucket: nothing may be erased from a bucket. */
export const RUN_KEYS_STREAM = 'RUN_KEYS';

const LOG_BYTES_MAX = 8 * 1024 ** 3;
const LOG_AGE_MS = 7 * DAY;
const INBOX_AGE_MS = 7 * DAY;
const MIB = 1024 ** 2;
/** Values kept of each key. Webhooks are made of changes: so many of one key are not lost while nobody reads them. */
const CHANGES_KEPT = 8;
/** Every key-value bucket: its size in bytes, and how many values of a key it keeps. */
const BUCKETS: Readonly<Record<string, { readonly max_bytes: number; readonly history: number }>> = {
  [CATALOG_BUCKET]: { max_bytes: 64 * MIB, history: CHANGES_KEPT },
  [TOKENS_BUCKET]: { max_bytes: 64 * MIB, history: CHANGES_KEPT },
  [SECRETS_BUCKET]: { max_bytes: 16 * MIB, history: 1 },
  [VERSIONS_BUCKET]: { max_bytes: 64 * MIB, history: 1 },
  [TRIGGERS_BUCKET]: { max_bytes: 4 * MIB, history: 1 },
  [WEBHOOKS_BUCKET]: { max_bytes: 4 * MIB, history: 1 },
};
/** A retry of a commit with the same message id is recognised for this long. */
const DUPLICATE_WINDOW_MS = 2 * MINUTE;

const RUN_KEYS_BYTES_MAX = 32 * MIB;

/** Room that is reserved however small the log is. */
const FIXED_BYTES = RUN_KEYS_BYTES_MAX + Object.values(BUCKETS).reduce((sum, { max_bytes: bytes }) => sum + bytes, 0);
/** The log and the streams whose size follows it reserve not quite twice its own. */
const LOG_SHARE = 0.5;

/** The largest log with which all streams fit into a store of so many bytes. */
export const logBytesWithin = (storeBytes: number): number => Math.floor((storeBytes - FIXED_BYTES) * LOG_SHARE);

/** Attempts that are kept of one endpoint. */
export const ATTEMPTS_PER_ENDPOINT_MAX = 500;
/** Far longer than any schedule: nothing that is owed gets so old. */
const DELIVERIES_KEPT_MS = 30 * DAY;

type Desired = Partial<StreamConfig> & { readonly name: string };

interface Limits {
  readonly bytes: number;
  readonly ageMs: number;
}

const stream = (name: string, subjects: string[], { bytes, ageMs }: Limits): Desired => ({
  name,
  subjects,
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_bytes: Math.floor(bytes),
  max_age: nanos(ageMs),
  duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, ageMs)),
  allow_direct: true,
});

/** Of the size of the log. The oldest go first: what is due is known without them; 10052 rules out discard new together with schedules. */
const alarms = ({ bytes, ageMs }: Limits): Desired => ({
  ...stream(SCHEDULES_STREAM, [scheduleSubject.all], { bytes: bytes / 64, ageMs: 2 * ageMs }),
  discard: DiscardPolicy.Old,
  max_msgs_per_subject: 1,
  allow_msg_schedules: true,
  allow_msg_ttl: true,
});

/** What each shard has: a log, and a stream of output. */
const shardStreams = (shard: number, { bytes, ageMs }: Limits): readonly Desired[] => [
  {
    ...stream(logStream(shard), [logSubject.all(shard)], { bytes, ageMs }),
    discard: DiscardPolicy.New, // full is an error, never silent loss; rules out message schedules, which need a stream of their own
    allow_atomic: true,
    allow_msg_ttl: true,
  },
  {
    ...stream(outputStream(shard), [outputSubject(shard)], { bytes: bytes / 4, ageMs }),
    discard: DiscardPolicy.Old,
  },
];

const streams = (
  {
    logMaxBytes: bytes = LOG_BYTES_MAX,
    logMaxAgeMs: ageMs = LOG_AGE_MS,
    inboxMaxBytes,
    inboxMaxAgeMs = INBOX_AGE_MS,
  }: TopologyOptions,
  logs: number,
): readonly Desired[] => [
  ...shardsUpTo(logs).flatMap((shard) => shardStreams(shard, { bytes: bytes / logs, ageMs })),
  {
    ...stream(EVENTS_STREAM, [PUBLIC_EVENTS_FILTER], { bytes: bytes / 4, ageMs }),
    discard: DiscardPolicy.Old,
    persist_mode: PersistMode.Async, // can be rebuilt from the log
  },
  { ...stream(JOURNAL_STREAM, ['journal.*.>'], { bytes: bytes / 8, ageMs }), discard: DiscardPolicy.New },
  {
    ...stream(INBOX_STREAM, ['requests.>'], { bytes: inboxMaxBytes ?? bytes / 64, ageMs: inboxMaxAgeMs }),
    discard: DiscardPolicy.Old,
    persist_mode: PersistMode.Async, // for people to look at; no answer waits for it
  },
  {
    // small records that live as long as their runs: the room is for some hundred thousand at a time
    ...stream(RUN_KEYS_STREAM, ['run-keys.*'], { bytes: RUN_KEYS_BYTES_MAX, ageMs: 2 * ageMs }),
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    deny_delete: false,
  },
  alarms({ bytes: bytes / logs, ageMs }), // as its leaders make it anew, each from its own log
  {
    ...stream(DELIVERIES_STREAM, ['webhook.>'], { bytes: bytes / 32, ageMs: DELIVERIES_KEPT_MS }),
    discard: DiscardPolicy.New, // a delivery that is owed is never dropped; when it is full, changes wait in their own streams
    max_msgs_per_subject: 1,
    allow_msg_ttl: true,
  },
  {
    ...stream(DELIVERY_ATTEMPTS_STREAM, [webhookSubject.allAttempts], { bytes: bytes / 64, ageMs: 7 * DAY }),
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: ATTEMPTS_PER_ENDPOINT_MAX,
    persist_mode: PersistMode.Async, // for people to look at
  },
];

/** With copies: several servers take a write before it is acknowledged, and none of them may put the disk off. */
const withReplicas = ({ persist_mode: persistMode, ...desired }: Desired, replicas: number): Desired => {
  const isAlone = replicas === 1;
  return {
    ...desired,
    num_replicas: replicas,
    ...(isAlone && persistMode !== undefined ? { persist_mode: persistMode } : {}),
  };
};

const isApiError = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;

const differs = (desired: Desired, actual: StreamConfig): boolean =>
  Object.entries(desired).some(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(actual[name as keyof StreamConfig]),
  );

const ensureStream = async (manager: JetStreamManager, desired: Desired): Promise<void> => {
  try {
    const { config } = await manager.streams.info(desired.name);
    if (differs(desired, config)) await manager.streams.update(desired.name, desired);
  } catch (error) {
    if (!isApiError(error, JETSTREAM_ERROR.streamNotFound)) throw error;
    await addStream(manager, desired);
  }
};

const addStream = async (manager: JetStreamManager, desired: Desired): Promise<void> => {
  try {
    await manager.streams.add(desired);
  } catch (error) {
    // another process was faster, with other settings: ours win
    if (!isApiError(error, JETSTREAM_ERROR.streamNameInUse)) throw error;
    await manager.streams.update(desired.name, desired);
  }
};

/**
 * Makes the stream of the alarms anew when it is gone.
 *
 * @throws AppError `unavailable`
 */
export const ensureSchedules = async (connection: LogConnection, shard: number): Promise<void> => {
  try {
    const manager = await managerOf(connection);
    const { config } = await manager.streams.info(logStream(shard));
    const desired = alarms({ bytes: config.max_bytes, ageMs: millis(config.max_age) });
    await ensureStream(manager, { ...desired, num_replicas: config.num_replicas });
  } catch (cause) {
    throw translate(cause, 'preparing the stream of the alarms');
  }
};

/**
 * Creates what is missing and changes what differs: streams, buckets and the object store. Safe to repeat and to run at the same time.
 *
 * @throws AppError `unavailable` `log.full` when nats-server has not that much room, `log.no_jetstream`, `log.unreachable`;
 * `refused` `shards.open_runs` when the number of shards shall change while runs are open.
 */
export const ensureTopology = async (connection: LogConnection, options: TopologyOptions = {}): Promise<void> => {
  try {
    const manager = await managerOf(connection);
    const { replicas = 1 } = options;
    const ring = await ringFor(connection, options);
    for (const desired of streams(options, ring.logs)) await ensureStream(manager, withReplicas(desired, replicas));
    if (ring !== SINGLE_RING) await keepRing(manager, ring);
    const buckets = new Kvm(handleOf(connection).nats);
    for (const [bucket, limits] of Object.entries(BUCKETS)) {
      await buckets.create(bucket, { ...limits, replicas });
      // An older version may have made it with another history.
      await ensureStream(manager, {
        name: `KV_${bucket}`,
        max_msgs_per_subject: limits.history,
        num_replicas: replicas,
      });
    }
    const objects = new Objm(handleOf(connection).nats);
    const room = {
      storage: StorageType.File,
      replicas,
      max_bytes: Math.floor((options.logMaxBytes ?? LOG_BYTES_MAX) / 8),
    };
    const ttl = nanos(options.logMaxAgeMs ?? LOG_AGE_MS);
    const stores = {
      [BUNDLES_STORE]: room,
      [FILES_STORE]: { ...room, ttl },
      // two are kept while a third is stored; what the loss of a writer leaves behind goes with its age
      [SNAPSHOTS_STORE]: { ...room, max_bytes: Math.floor(room.max_bytes / 4), ttl },
    };
    for (const [store, limits] of Object.entries(stores)) {
      await objects.create(store, { ...limits }); // a copy: the client takes out of it what it has read
      await ensureStream(manager, { name: `OBJ_${store}`, num_replicas: replicas });
    }
  } catch (cause) {
    throw translate(cause, 'preparing the streams');
  }
};
