import {
  DEFAULT_SHARD,
  EVENTS_STREAM,
  logStream,
  logSubject,
  OUTPUT_STREAM,
  PUBLIC_EVENTS_FILTER,
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
import { nanos } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { handleOf, managerOf } from './nats-handle.ts';

export interface TopologyOptions {
  readonly shard?: number;
  /** Most that the log may hold; every other stream gets a share of this. 8 GiB by default. nats-server reserves the room at once. */
  readonly logMaxBytes?: number;
  /** How long the log keeps a commit, and with it idempotency keys. 7 days by default. */
  readonly logMaxAgeMs?: number;
}

/** Results of durable steps; a subject per run. */
export const JOURNAL_STREAM = 'JOURNAL';
export const CATALOG_BUCKET = 'catalog';
export const TOKENS_BUCKET = 'tokens';
export const BUNDLES_STORE = 'bundles';

const LOG_BYTES_MAX = 8 * 1024 ** 3;
const BUCKET_BYTES_MAX = 64 * 1024 ** 2;
/** A retry of a commit with the same message id is recognised for this long. */
const DUPLICATE_WINDOW_MS = 2 * MINUTE;

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

const streams = ({
  shard = DEFAULT_SHARD,
  logMaxBytes: bytes = LOG_BYTES_MAX,
  logMaxAgeMs: ageMs = 7 * DAY,
}: TopologyOptions): readonly Desired[] => [
  {
    ...stream(logStream(shard), [logSubject.all(shard)], { bytes, ageMs }),
    discard: DiscardPolicy.New, // full is an error, never silent loss; rules out message schedules, which need a stream of their own
    allow_atomic: true,
    allow_msg_ttl: true,
  },
  {
    ...stream(EVENTS_STREAM, [PUBLIC_EVENTS_FILTER], { bytes: bytes / 4, ageMs }),
    discard: DiscardPolicy.Old,
    persist_mode: PersistMode.Async, // can be rebuilt from the log
  },
  { ...stream(OUTPUT_STREAM, ['logs.*.chunks'], { bytes: bytes / 4, ageMs }), discard: DiscardPolicy.Old },
  { ...stream(JOURNAL_STREAM, ['journal.*.>'], { bytes: bytes / 8, ageMs }), discard: DiscardPolicy.New },
];

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
 * Creates what is missing and changes what differs: streams, buckets and the object store. Safe to repeat and to run at the same time.
 *
 * @throws AppError `unavailable` `log.full` when nats-server has not that much room, `log.no_jetstream`, `log.unreachable`.
 */
export const ensureTopology = async (connection: LogConnection, options: TopologyOptions = {}): Promise<void> => {
  try {
    const manager = await managerOf(connection);
    for (const desired of streams(options)) await ensureStream(manager, desired);
    const buckets = new Kvm(handleOf(connection).nats);
    const max_bytes = BUCKET_BYTES_MAX;
    for (const bucket of [CATALOG_BUCKET, TOKENS_BUCKET]) await buckets.create(bucket, { history: 1, max_bytes });
    const bundlesBytes = (options.logMaxBytes ?? LOG_BYTES_MAX) / 8;
    await new Objm(handleOf(connection).nats).create(BUNDLES_STORE, {
      storage: StorageType.File,
      replicas: 1,
      max_bytes: Math.floor(bundlesBytes),
    });
  } catch (cause) {
    throw translate(cause, 'preparing the streams');
  }
};
