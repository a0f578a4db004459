import { type KV, Kvm } from '@nats-io/kv';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { closedError, translate, unreachable } from './log-errors.ts';
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

const storeOf = (connection: LogConnection, bucket: string) => {
  let opening: Promise<KV> | undefined;
  const open = async (): Promise<KV> => {
    opening ??= new Kvm(handleOf(connection).nats).open(bucket);
    try {
      return await opening;
    } catch (error) {
      opening = undefined; // the next one tries again
      throw error;
    }
  };
  return async (doing: string, change: (kv: KV) => Promise<unknown>): Promise<void> => {
    try {
      await change(await open());
    } catch (cause) {
      throw translate(cause, `${doing} in ${bucket}`);
    }
  };
};

/** Settles as `work` does, or rejects when that takes too long; never an unhandled rejection. */
const readyWithin = (work: Promise<unknown>, bucket: string): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(unreachable(`${bucket} was not loaded in time`)), READY_TIMEOUT_MS);
  const ready = Promise.race([work, late.promise]).then(() => clearTimeout(timer));
  ready.catch(() => clearTimeout(timer)); // whoever needs it awaits it
  return ready;
};

export const watchBucket = <Value>(
  connection: LogConnection,
  { bucket, parse, onChange }: WatchedBucketOptions<Value>,
): WatchedBucket<Value> => {
  const stop = new AbortController();
  const prefix = `$KV.${bucket}.`;
  const loaded = Promise.withResolvers<undefined>();
  const write = storeOf(connection, bucket);

  const apply = (delivered: Delivered): void => {
    const key = delivered.message.subject.slice(prefix.length);
    onChange(key, isRemoval(delivered) ? undefined : parse(delivered.message.string()));
  };
  const watch = async (): Promise<void> => {
    const stream = `KV_${bucket}`;
    const { first, last } = await streamBounds(connection, stream);
    if (first > last) loaded.resolve(undefined);
    const from = { stream, filters: [`${prefix}>`], fromSequence: 1, signal: stop.signal, onRewind: 'repeat' } as const;
    for await (const batch of followStream(connection, from)) {
      batch.forEach(apply);
      if ((batch.at(-1)?.sequence ?? 0) >= last) loaded.resolve(undefined);
    }
    loaded.reject(closedError());
  };
  const watching = watch().catch((error: unknown) => loaded.reject(translate(error, `watching ${bucket}`)));

  return {
    put: (key, value) =>
      write(`storing ${key}`, (kv) => kv.put(key, JSON.stringify(value), { timeout: API_TIMEOUT_MS })),
    remove: (key) => write(`removing ${key}`, (kv) => kv.delete(key)),
    ready: readyWithin(loaded.promise, bucket),
    close: async () => {
      stop.abort();
      await watching;
    },
  };
};
