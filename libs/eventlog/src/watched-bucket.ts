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
  /** @param revision Of the bucket: changes are in its order everywhere. */
  readonly onChange: (key: string, value: Value | undefined, revision: number) => void;
}

/**
 * A key-value bucket held in memory, kept up to date through every reconnect and restart. Who writes here reads here what was written:
 * a change resolves once this process has been handed it. Other processes see it a moment later.
 */
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

/** How long a change waits to be seen here; it is stored, so it counts as made even if that takes longer. */
const SEEN_TIMEOUT_MS = 2_000;

const isOvertaken = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JETSTREAM_ERROR.wrongLastSequence || error.code === JETSTREAM_ERROR.wrongLastSequenceUnknown);

interface Change<Value> {
  readonly key: string;
  readonly parse: (text: string) => Value | undefined;
  readonly change: (current: Value | undefined) => Value;
}

/** Puts what `change` makes of what is stored now; asked again when somebody else was faster. Returns what was put, and where. */
export const changeEntry = async <Value>(
  kv: KV,
  { key, parse, change }: Change<Value>,
): Promise<{ readonly value: Value; readonly revision: number }> => {
  for (let tries = 1; ; tries += 1) {
    const entry = await kv.get(key);
    const next = change(entry?.operation === 'PUT' ? parse(entry.string()) : undefined);
    try {
      const options = { previousSeq: entry?.revision ?? 0, timeout: API_TIMEOUT_MS };
      return { value: next, revision: await kv.put(key, JSON.stringify(next), options) };
    } catch (error) {
      if (!isOvertaken(error) || tries === CHANGES_MAX) throw error;
    }
  }
};

/** Returns where the removal stands, which deleting does not tell. */
const removeEntry = async (kv: KV, key: string): Promise<number> => {
  await kv.delete(key);
  return (await kv.get(key))?.revision ?? 0;
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

/** Tells writers when the watch has come to what they wrote. */
const makeSeen = () => {
  let sequence = 0;
  const waiting = new Set<{ readonly sequence: number; readonly tell: () => void }>();
  const tell = (upTo: number): void => {
    for (const one of [...waiting]) if (one.sequence <= upTo) one.tell();
  };
  return {
    reached: (upTo: number): void => {
      sequence = upTo;
      tell(upTo);
    },
    /** Resolves also when it takes too long. */
    within: async (wanted: number): Promise<void> => {
      if (wanted <= sequence) return;
      const told = Promise.withResolvers<undefined>();
      const one = { sequence: wanted, tell: () => told.resolve(undefined) };
      const timer = setTimeout(one.tell, SEEN_TIMEOUT_MS);
      waiting.add(one);
      await told.promise;
      waiting.delete(one);
      clearTimeout(timer);
    },
    end: (): void => tell(Infinity),
  };
};

export const watchBucket = <Value>(
  connection: LogConnection,
  { bucket, parse, onChange }: WatchedBucketOptions<Value>,
): WatchedBucket<Value> => {
  const stop = new AbortController();
  const prefix = `$KV.${bucket}.`;
  const loaded = Promise.withResolvers<undefined>();
  const write = bucketStore(connection, bucket);
  const seen = makeSeen();

  const apply = (delivered: Delivered): void => {
    const key = delivered.message.subject.slice(prefix.length);
    onChange(key, isRemoval(delivered) ? undefined : parse(delivered.message.string()), delivered.sequence);
  };
  const watch = async (): Promise<void> => {
    const stream = `KV_${bucket}`;
    const { first, last } = await streamBounds(connection, stream);
    if (first > last) loaded.resolve(undefined);
    const from = { stream, filters: [`${prefix}>`], fromSequence: 1, signal: stop.signal, onRewind: 'repeat' } as const;
    for await (const batch of followStream(connection, from)) {
      batch.forEach(apply);
      seen.reached(batch.at(-1)?.sequence ?? 0);
      if ((batch.at(-1)?.sequence ?? 0) >= last) loaded.resolve(undefined);
    }
    loaded.reject(closedError());
  };
  const watching = watch().catch((error: unknown) => loaded.reject(translate(error, `watching ${bucket}`)));

  return {
    put: async (key, value) => {
      const options = { timeout: API_TIMEOUT_MS };
      await seen.within(await write(`storing ${key}`, (kv) => kv.put(key, JSON.stringify(value), options)));
    },
    change: async (key, change) => {
      const { value, revision } = await write(`changing ${key}`, (kv) => changeEntry(kv, { key, parse, change }));
      await seen.within(revision);
      return value;
    },
    remove: async (key) => seen.within(await write(`removing ${key}`, (kv) => removeEntry(kv, key))),
    ready: readyWithin(loaded.promise, bucket),
    close: async () => {
      stop.abort();
      seen.end();
      await watching;
    },
  };
};
