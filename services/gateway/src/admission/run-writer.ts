import { logSubject, type Ring, shardsUpTo, writtenShard } from '@millrace/contracts';
import { type EventWriter, type LogConnection, makeEventWriter } from '@millrace/eventlog';
import { invariant } from '@millrace/kernel';
import { APPEND_TIMEOUT_MS, APPENDS_IN_FLIGHT_MAX } from '../limits.ts';

const WRITER = { inFlightMax: APPENDS_IN_FLIGHT_MAX, timeoutMs: APPEND_TIMEOUT_MS, retry: 'never' } as const;

/** One writer for all shards: events go to the log of the run that they are about. Those of one append are about one run. */
const makeRunWriter = (writers: readonly EventWriter[], { shards }: Pick<Ring, 'shards'>): EventWriter => {
  const [only] = writers;
  if (only !== undefined && shards === 1) return only;
  const writerOf = (runId: string): EventWriter => {
    const writer = writers[writtenShard(runId, shards)];
    invariant(writer, 'each shard has its writer');
    return writer;
  };
  return {
    append: async (events) => {
      const [first] = events;
      invariant(first, 'an append has events');
      return writerOf(first.subject).append(events);
    },
    pending: () => writers.reduce((sum, { pending }) => sum + pending(), 0),
    close: async () => {
      await Promise.all(writers.map(({ close }) => close()));
    },
    abort: () => writers.forEach(({ abort }) => abort()),
  };
};

export const openRunWriter = (connection: LogConnection, ring: Ring): EventWriter => {
  const writers = shardsUpTo(ring.shards).map((shard) =>
    makeEventWriter(connection, { ...WRITER, shard, subject: logSubject.gateway(shard) }),
  );
  return makeRunWriter(writers, ring);
};
