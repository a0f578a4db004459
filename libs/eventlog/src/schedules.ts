/**
 * Alarms: message schedules of nats-server (ADR-51), kept in a stream of their own, because a stream that refuses new messages when it is
 * full (the log) can have none. An alarm is a hint, as consumers are: whoever sets one knows by itself what is due and looks from time to
 * time, so that losing the stream costs punctuality and nothing else.
 */
import { SCHEDULES_STREAM, scheduleSubject } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { followStream } from './follow-stream.ts';
import { translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';
import { removeStored, storeText } from './stored-messages.ts';
import { streamBounds } from './stream-bounds.ts';

export interface Schedules {
  /**
   * Has an alarm ring at a time, in milliseconds since the epoch, once; at once when that has passed. Replaces the one of this name.
   *
   * @param name Tokens of a subject: `run.<id>.<attempt>`
   * @throws AppError `unavailable`
   */
  readonly arm: (name: string, dueMs: number) => Promise<void>;
  /** Takes an alarm back. One that is about to ring may ring. */
  readonly disarm: (name: string) => Promise<void>;
  /** Names of those that have not rung. */
  readonly armed: () => Promise<ReadonlySet<string>>;
  /** Names of alarms as they ring, from the moment of `onStart` on; perhaps some from before again, when the stream was made anew. */
  readonly follow: (options: {
    readonly signal: AbortSignal;
    readonly onStart: () => void;
  }) => AsyncIterable<readonly string[]>;
}

/** How long an alarm that rang can be read. */
const RUNG_TTL = '5m';

/** What nats-server demands: without it a schedule is an ordinary message. */
const alarmHeaders = (target: string, dueMs: number): Readonly<Record<string, string>> => ({
  'Nats-Schedule': `@at ${new Date(dueMs).toISOString()}`,
  'Nats-Schedule-Target': target,
  'Nats-Schedule-TTL': RUNG_TTL,
});

const armedNames = async (connection: LogConnection, shard: number): Promise<ReadonlySet<string>> => {
  const filter = scheduleSubject.alarms(shard);
  try {
    const manager = await managerOf(connection);
    const { state } = await manager.streams.info(SCHEDULES_STREAM, { subjects_filter: filter });
    return new Set(Object.keys(state.subjects ?? {}).map((subject) => subject.slice(filter.length - 1)));
  } catch (cause) {
    throw translate(cause, 'reading the alarms');
  }
};

async function* followDue(
  connection: LogConnection,
  shard: number,
  { signal, onStart }: Parameters<Schedules['follow']>[0],
): AsyncGenerator<readonly string[], void, undefined> {
  const filter = scheduleSubject.allDue(shard);
  const { last } = await streamBounds(connection, SCHEDULES_STREAM);
  onStart();
  const batches = followStream(connection, {
    stream: SCHEDULES_STREAM,
    filters: [filter],
    fromSequence: last + 1,
    signal,
    onRewind: 'repeat',
  });
  for await (const batch of batches) yield batch.map(({ message }) => message.subject.slice(filter.length - 1));
}

export const openSchedules = (connection: LogConnection, shard: number): Schedules => ({
  arm: async (name, dueMs) => {
    const headers = alarmHeaders(scheduleSubject.due(shard, name), dueMs);
    await storeText(connection, scheduleSubject.alarm(shard, name), '', headers);
  },
  disarm: (name) => removeStored(connection, SCHEDULES_STREAM, scheduleSubject.alarm(shard, name)),
  armed: () => armedNames(connection, shard),
  follow: (options) => followDue(connection, shard, options),
});
