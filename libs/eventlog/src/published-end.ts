/**
 * Where the public events end: what their publisher goes on behind.
 *
 * Usually the last message says it. After the log was replaced, restored or cut short the newest messages are of events that the log no
 * longer holds: then the end is the newest message before them that the log agrees with. It is looked for backwards in growing steps
 * and then between two of them, because the stream may hold millions and a log forks once.
 */
import { EVENTS_STREAM, ORIGIN, type Position } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { managerOf } from './nats-handle.ts';
import { positionOf, storedAtOf } from './public-event.ts';
import { streamBounds } from './stream-bounds.ts';

/** Position of the last public event of this log, and what its publisher wrote with it. */
export interface PublishedEnd extends Position {
  /** When the log stored that event's commit, milliseconds since the epoch; `undefined` in events of older versions. */
  readonly storedAt?: number | undefined;
  /** Sequence of the log that a publisher which begins behind this message has to fold from. */
  readonly openSince?: number;
  /** Messages behind it that are of another log. */
  readonly foreign?: number;
}

/** Whether the log still holds the event of this message, as far as can be known. */
export type IsOfLog = (end: PublishedEnd) => Promise<boolean>;

export const OPEN_SINCE_HEADER = 'Millrace-Open-Since';
/** How many messages that are not ours are passed by to find one that is. */
export const UNKNOWN_MESSAGES_MAX = 10_000;

interface Found {
  readonly at: number;
  readonly end: PublishedEnd;
}

/** What a message on `EVENTS` says of where its publisher was; `undefined` when it is not ours. */
export const endOf = (header: (name: string) => string | undefined): PublishedEnd | undefined => {
  const position = positionOf(header);
  if (position === undefined) return undefined;
  const openSince = Number(header(OPEN_SINCE_HEADER) ?? '');
  const hasOpenSince = Number.isSafeInteger(openSince) && openSince > 0;
  return { ...position, storedAt: storedAtOf(header), ...(hasOpenSince ? { openSince } : {}) };
};

/** The newest message of ours from `from` down to `first`. */
const findDown = async (connection: LogConnection, from: number, first: number): Promise<Found | undefined> => {
  const { streams } = await managerOf(connection);
  for (let at = from; at >= first && from - at < UNKNOWN_MESSAGES_MAX; at -= 1) {
    const message = await streams.getMessage(EVENTS_STREAM, { seq: at });
    const end = endOf((name) => message?.header.get(name));
    if (end !== undefined) return { at, end };
  }
  return undefined;
};

/** The newest message before `refused` that the log agrees with. */
const findFork = async (
  connection: LogConnection,
  first: number,
  refused: number,
  isOfLog: IsOfLog,
): Promise<Found | undefined> => {
  let above = refused;
  let below = first - 1;
  let agreed: Found | undefined;
  for (let step = 1; agreed === undefined && above - step >= first; step *= 2) {
    const found = await findDown(connection, above - step, first);
    if (found === undefined) break;
    if (await isOfLog(found.end)) agreed = found;
    else above = found.at;
  }
  below = agreed?.at ?? below;
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    const found = await findDown(connection, middle, below + 1);
    if (found === undefined) {
      below = middle;
    } else if (await isOfLog(found.end)) {
      agreed = found;
      below = middle;
    } else {
      above = found.at;
    }
  }
  return agreed;
};

/** Last sequence of the stream, and the end of the public events of this log. */
export const readPublishedEnd = async (
  connection: LogConnection,
  isOfLog: IsOfLog,
): Promise<{ readonly last: number; readonly end: PublishedEnd }> => {
  const { first, last } = await streamBounds(connection, EVENTS_STREAM);
  const newest = await findDown(connection, last, first);
  if (newest === undefined) return { last, end: ORIGIN };
  if (await isOfLog(newest.end)) return { last, end: newest.end };
  const fork = await findFork(connection, first, newest.at, isOfLog);
  return { last, end: { ...(fork?.end ?? ORIGIN), foreign: newest.at - (fork?.at ?? first - 1) } };
};
