import { AppError } from '@millrace/kernel';
import { JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { closedError, JETSTREAM_ERROR, translate, unreachable } from './log-errors.ts';
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
  /** Puts what `change` makes of what is stored now; asked again when somebody else was faster. Returns what was put. */
  readonly change: (key: string, change: (current: Value | undefined) => Value) => Promise<Value>;
  readonly remove: (key: string) => Promise<void>;
  /** Resolves when everything stored before has been handed on; rejects when the log stays away. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

/** Tries of a change that others overtake. */
const CHANGES_MAX = 20;

/** How long `ready` may take. */
const READY_TIMEOUT_MS = 30_000;

const isOvertaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JETSTREAM_ERROR.wrongLastSequence || error.code === JETSTREAM_ERROR.wrongLastSequenceUnknown);

interface Change<Value> {
  readonly key: string;
  readonly parse: (text: string) => Value | undefined;
  readonly change: (current: Value | undefined) => Value;
}

/** Puts what `change` makes of what is stored now; asked again when somebody else was faster. */
export const changeEntry = async <Value>(kv: KV, { key, parse, change }: Change<Value>): Promise<Value> => {
  for (let tries = 1; ; tries += 1) {
    const entry = await kv.get(key);
    const next = change(entry?.operation === 'PUT' ? parse(entry.string()) : undefined);
    try {
      await kv.put(key, JSON.stringify(next), { previousSeq: entry?.revision ?? 0, timeout: API_TIMEOUT_MS });
      return next;
    } catch (error) {
      if (!isOvertaken(error) || tries === CHANGES_MAX) throw error;
    }
  }
};

const isRemoval = ({ message }: Delivered): boolean => {
  const operation = message.headers?.get('KV-Operation') ?? '';
  return operation === 'DEL' || operation === 'PURGE';
};

/** Access to a bucket without watching it; errors are translated. */
export const bucketStore = (connection: LogConnection, bucket: string) => {
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
  return async <Result>(doing: string, change: (kv: KV) => Promise<Result>): Promise<Result> => {
    try {
      return await change(await open());
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
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
  const write = bucketStore(connection, bucket);

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
      write(`storing ${key}`, async (kv) => {
        await kv.put(key, JSON.stringify(value), { timeout: API_TIMEOUT_MS });
      }),
    change: (key, change) => write(`changing ${key}`, (kv) => changeEntry(kv, { key, parse, change })),
    remove: (key) => write(`removing ${key}`, (kv) => kv.delete(key)),
    ready: readyWithin(loaded.promise, bucket),
    close: async () => {
      stop.abort();
      await watching;
    },
  };
};
