import { type KV, Kvm } from '@nats-io/kv';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { closedError, translate } from './log-errors.ts';
import { API_TIMEOUT_MS, handleOf } from './nats-handle.ts';
import { streamBounds } from './stream-bounds.ts';

export interface WatchedBucketOptions<Value> {
  readonly bucket: string;
  /** `undefined` when the text is not what the bucket should hold; such an entry counts as absent. */
  readonly parse: (text: string) => Value | undefined;
  readonly onChange: (key: string, value: Value | undefined) => void;
}

/** A key-value bucket held in memory, kept up to date through every reconnect and restart. */
export interface WatchedBucket<Value> {
  readonly put: (key: string, value: Value) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  /** Resolves when everything stored before has been handed on; rejects when the log stays away. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

/** How long `ready` may take. */
const READY_TIMEOUT_MS = 30_000;

const isRemoval = ({ message }: Delivered): boolean => {
  const operation = message.headers?.get('KV-Operation') ?? '';
  return operation === 'DEL' || operation === 'PURGE';
};

export const watchBucket = <Value>(
  connection: LogConnection,
  { bucket, parse, onChange }: WatchedBucketOptions<Value>,
): WatchedBucket<Value> => {
  const stop = new AbortController();
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  const ready = Promise.withResolvers<undefined>();
  let store: Promise<KV> | undefined;

  const open = async (): Promise<KV> => {
    store ??= new Kvm(handleOf(connection).nats).open(bucket);
    try {
      return await store;
    } catch (error) {
      store = undefined;
      throw error;
    }
  };

  const write = async (doing: string, change: (kv: KV) => Promise<unknown>): Promise<void> => {
    try {
      await change(await open());
    } catch (cause) {
      throw translate(cause, `${doing} in ${bucket}`);
    }
  };

  const apply = (delivered: Delivered): void => {
    const key = delivered.message.subject.slice(prefix.length);
    onChange(key, isRemoval(delivered) ? undefined : parse(delivered.message.string()));
  };

  const watch = async (): Promise<void> => {
    const { first, last } = await streamBounds(connection, stream);
    if (first > last) ready.resolve(undefined);
    const filters = [`${prefix}>`];
    for await (const batch of followStream(connection, { stream, filters, fromSequence: 1, signal: stop.signal })) {
      batch.forEach(apply);
      if ((batch.at(-1)?.sequence ?? 0) >= last) ready.resolve(undefined);
    }
    ready.reject(closedError());
  };

  const timeout = setTimeout(() => ready.reject(closedError()), READY_TIMEOUT_MS);
  const watching = watch().catch((error: unknown) => ready.reject(translate(error, `watching ${bucket}`)));
  const settled = ready.promise.finally(() => clearTimeout(timeout));
  settled.catch(() => undefined); // whoever needs it awaits `ready`

  return {
    put: (key, value) =>
      write(`storing ${key}`, (kv) => kv.put(key, JSON.stringify(value), { timeout: API_TIMEOUT_MS })),
    remove: (key) => write(`removing ${key}`, (kv) => kv.delete(key)),
    ready: settled,
    close: async () => {
      stop.abort();
      await watching;
    },
  };
};
