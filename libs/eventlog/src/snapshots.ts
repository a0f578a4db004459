import { setImmediate as turn } from 'node:timers/promises';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';
import { SNAPSHOTS_STORE } from './topology.ts';

/** What somebody folded from the log of a shard, kept so that it need not be folded again. The last two are kept. */
export interface Snapshots {
  /**
   * Stores one in the place of the older of the two. Pieces are asked for one at a time, with a turn of everybody else in between.
   *
   * @throws AppError `unavailable` when the log is away or has no room; what was stored before is as it was.
   */
  readonly put: (shard: number, pieces: Iterable<Uint8Array, unknown, undefined>) => Promise<void>;
  /** What is there, the newest first; one that cannot be read, or is replaced meanwhile, is left out. */
  readonly load: (shard: number) => AsyncGenerator<Uint8Array, void, undefined>;
}

const SLOTS = [0, 1] as const;
/** A chunk is hashed and sent at once: larger ones would keep the others waiting. */
const CHUNK_BYTES = 256 * 1024;

const nameOf = (shard: number, slot: number): string => `scheduler-${shard}-${slot}`;

/** Names in use, the newest first. */
const stored = async (store: ObjectStore, shard: number): Promise<readonly string[]> => {
  const infos = await Promise.all(SLOTS.map((slot) => store.info(nameOf(shard, slot))));
  return infos
    .flatMap((info) => (info === null || info.deleted ? [] : [info]))
    .sort((one, other) => other.revision - one.revision)
    .map(({ name }) => name);
};

const streamOf = (pieces: Iterable<Uint8Array, unknown, undefined>): ReadableStream<Uint8Array> => {
  const iterator = pieces[Symbol.iterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (;;) {
          await turn();
          const step = iterator.next();
          if (step.done === true) {
            controller.close();
            return;
          }
          if (step.value.length === 0) continue;
          controller.enqueue(step.value);
          return;
        }
      },
    },
    { highWaterMark: 0 },
  );
};

export const openSnapshots = (connection: LogConnection): Snapshots => {
  const open = async (): Promise<ObjectStore> => new Objm(handleOf(connection).nats).open(SNAPSHOTS_STORE);

  const put = async (shard: number, pieces: Iterable<Uint8Array, unknown, undefined>): Promise<void> => {
    const store = await open();
    const taken = await stored(store, shard);
    const free = SLOTS.map((slot) => nameOf(shard, slot)).find((name) => !taken.includes(name));
    const name = free ?? taken.at(-1) ?? '';
    await store.put({ name, options: { max_chunk_size: CHUNK_BYTES } }, streamOf(pieces));
  };

  return {
    put: async (shard, pieces) => {
      try {
        await put(shard, pieces);
      } catch (cause) {
        throw translate(cause, 'storing a snapshot');
      }
    },
    async *load(shard) {
      try {
        const store = await open();
        for (const name of await stored(store, shard)) {
          const bytes = await store.getBlob(name).catch(() => null);
          if (bytes !== null) yield bytes;
        }
      } catch (cause) {
        throw translate(cause, 'loading a snapshot');
      }
    },
  };
};
