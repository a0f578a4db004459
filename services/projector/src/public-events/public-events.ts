/**
 * Publishes every event that counts on the stream `EVENTS`: in the order of its log, without gap or repeat, whatever happens to Postgres.
 *
 * Which events count depends on the run: its current attempt, and whether it has ended. Both follow from the events since its request,
 * so each message says where in the log the oldest open run was requested. Whoever begins (or begins again) reads the last message,
 * folds the log from there, and knows every open run, however long the log is. A run that this fold does not meet has ended.
 *
 * A log that was replaced, restored or cut short has other events behind some place than were published. The publisher goes on behind
 * the newest public event that the log still agrees with: the stream keeps what was said before, and what the log holds instead follows.
 *
 * I1 the last message of `EVENTS` that is of this log says everything that is needed to go on.
 * I2 an event at or before the last message's position is never published again, one behind it always is, unless it does not count.
 * I3 a trigger that a run stops is stopped before the end of the run is published.
 */
import { comparePositions, type TriggerState } from '@millrace/contracts';
import {
  type Commit,
  follow,
  type LogConnection,
  logContradiction,
  makePublicEventPublisher,
  type PositionedEvent,
  type PublicEventPublisher,
  type PublishedEnd,
  stopTrigger,
} from '@millrace/eventlog';
import { makeOpenRuns, type OpenRuns } from '@millrace/domain';
import { failpoint } from '@millrace/kernel';
import { type ProjectorMetrics } from '../projector-metrics.ts';
import { isUsable, readEntries } from '../run-projection/recorded-event.ts';
import { makeStoppingRuns } from './stop-triggers.ts';

export interface PublicEventsDeps {
  readonly connection: LogConnection;
  /** Of which events are published: all that there are. */
  readonly logs: number;
  readonly signal: AbortSignal;
  readonly metrics: ProjectorMetrics;
  /** Called when so many of the newest public events are of a log that is gone; what this log holds instead follows them. */
  readonly onForeign: (count: number) => void;
}

/** Batches that may be on their way at the same time. */
const BATCHES_IN_FLIGHT_MAX = 4;

type FollowLogDeps = Omit<PublicEventsDeps, 'logs'> & { readonly shard: number };

/** The events of some commits that count, each with the place from which they can be understood. */
const countingEvents = (open: OpenRuns, commits: readonly Commit[], shard: number): readonly PositionedEvent[] => {
  const events: PositionedEvent[] = [];
  for (const commit of commits) {
    // The oldest open run only gets younger: what it is before a commit holds for every event in it.
    const openSince = open.since() ?? commit.sequence;
    for (const entry of readEntries(commit)) {
      if (!isUsable(entry) || !open.take(entry.event, commit.sequence)) continue;
      events.push({ shard, position: entry.position, event: entry.event, openSince, storedAt: commit.time });
    }
  }
  return events;
};

const stopAll = async (connection: LogConnection, stops: readonly TriggerState[]): Promise<void> => {
  for (const stopped of stops) await stopTrigger(connection, stopped);
};

/** Publishes one log behind its end until the signal aborts or something fails. */
const followLog = async (
  { connection, shard, signal, metrics }: FollowLogDeps,
  { publisher, end }: { readonly publisher: PublicEventPublisher; readonly end: PublishedEnd },
  onStep: () => void,
): Promise<void> => {
  const open = makeOpenRuns();
  const stopping = makeStoppingRuns();
  const inFlight: Promise<void>[] = [];
  const failed = new AbortController();
  const following = AbortSignal.any([signal, failed.signal]);
  const fromSequence = end.openSince ?? end.sequence;
  const anchor = { sequence: end.sequence, storedAt: end.storedAt };
  const options = { shard, fromSequence, anchor, signal: following };

  for await (const commits of follow(connection, options)) {
    const counting = countingEvents(open, commits, shard);
    const stops = counting.flatMap(({ event, position }) => {
      const stopped = stopping.take(event);
      return stopped !== undefined && comparePositions(position, end) > 0 ? [stopped] : [];
    });
    await stopAll(connection, stops);
    const events = counting.filter(({ position }) => comparePositions(position, end) > 0);
    if (events.length === 0) continue;
    failpoint('projector.before-publish');
    const published = publisher.publish(events).then(() => {
      failpoint('projector.after-publish');
      metrics.published(events.length);
      metrics.projected('events', events.at(-1)?.position.sequence ?? 0, shard);
      onStep();
    });
    // No further commit may ever come: a failure must end the following by itself.
    published.catch(() => failed.abort());
    inFlight.push(published);
    if (inFlight.length >= BATCHES_IN_FLIGHT_MAX) await inFlight.shift();
  }
  await Promise.all(inFlight);
};

/** The first failure ends all of them: only who asked for the end of the stream may publish behind it. */
const followLogs = async (
  follows: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> => {
  const failed = new AbortController();
  const errors: unknown[] = [];
  const each = follows.map((following) =>
    following(AbortSignal.any([signal, failed.signal])).catch((error: unknown) => {
      errors.push(error);
      failed.abort();
    }),
  );
  await Promise.all(each);
  if (errors.length > 0) throw errors[0];
};

/**
 * One session of the publisher: from the last public event until the signal aborts or something fails. It weaves all logs into one stream;
 * the events of each are in its order.
 */
export const followForPublic = async (deps: PublicEventsDeps, onStep: () => void): Promise<void> => {
  const { connection, logs, signal } = deps;
  const publisher = makePublicEventPublisher(connection, logs);
  const ends = await publisher.lastPositions(
    async (shard, { sequence, storedAt }) =>
      (await logContradiction(connection, shard, { sequence, storedAt })) === undefined,
  );
  for (const { foreign } of ends) if (foreign !== undefined) deps.onForeign(foreign);
  onStep();
  const follows = ends.map(
    (end, shard) => (until: AbortSignal) => followLog({ ...deps, shard, signal: until }, { publisher, end }, onStep),
  );
  await followLogs(follows, signal);
};
