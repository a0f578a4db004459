/**
 * Where the public events of each log end, where several logs are woven into one stream.
 *
 * A message says its own log and place. Some say the places of all logs besides, so that whoever begins reads back to the newest of these:
 * it is never far, however long a log has said nothing. In between, the newest message of a log is its end.
 *
 * Messages that name no log were published when there was one: before them the others had said nothing.
 */
import { EVENTS_STREAM, ORIGIN, shardsUpTo } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { managerOf } from './nats-handle.ts';
import { SHARD_HEADER, shardOf } from './public-event.ts';
import { endOf, type PublishedEnd, readPublishedEnd, UNKNOWN_MESSAGES_MAX } from './published-end.ts';
import { streamBounds } from './stream-bounds.ts';

/** Whether a log still holds the event of this message, as far as can be known. */
export type IsOfItsLog = (shard: number, end: PublishedEnd) => Promise<boolean>;

export const ENDS_HEADER = 'Millrace-Ends';
/** Messages between two that say all ends, at most. */
export const ENDS_EVERY = 64;
/** Bytes between two of them, about: a stream that keeps few large messages keeps one that says it. */
const ENDS_EVERY_BYTES = 256 * 1_024;

/** When the next message shall say all ends. */
export class EndsRhythm {
  #messages = ENDS_EVERY;
  #bytes = 0;

  /** The next one shall. */
  reset(): void {
    this.#messages = ENDS_EVERY;
  }

  isDue(bytes: number): boolean {
    this.#messages += 1;
    this.#bytes += bytes;
    if (this.#messages < ENDS_EVERY && this.#bytes < ENDS_EVERY_BYTES) return false;
    this.#messages = 0;
    this.#bytes = 0;
    return true;
  }
}

type EndNumbers = readonly [sequence: number, index: number, storedAt: number, openSince: number];

/** JSON of four numbers for each log; 0 is what is not known. */
export const formatEnds = (ends: readonly PublishedEnd[]): string =>
  JSON.stringify(
    ends.map(({ sequence, index, storedAt = 0, openSince = 0 }): EndNumbers => [sequence, index, storedAt, openSince]),
  );

const isNumbers = (value: unknown): value is EndNumbers =>
  Array.isArray(value) && value.length === 4 && value.every((number) => Number.isSafeInteger(number));

const parseEnds = (text: string): readonly PublishedEnd[] => {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [];
  return value.filter(isNumbers).map(([sequence, index, storedAt, openSince]) => ({
    sequence,
    index,
    storedAt: storedAt === 0 ? undefined : storedAt,
    ...(openSince === 0 ? {} : { openSince }),
  }));
};

interface Range {
  readonly first: number;
  readonly logs: number;
}

/** The end of each log as of one message; reads back until all of them are known. */
const endsAt = async (
  connection: LogConnection,
  at: number,
  { first, logs }: Range,
): Promise<readonly PublishedEnd[]> => {
  const { streams } = await managerOf(connection);
  const found = new Map<number, PublishedEnd>();
  const rest = (ends: readonly PublishedEnd[]): readonly PublishedEnd[] =>
    shardsUpTo(logs).map((shard) => found.get(shard) ?? ends[shard] ?? ORIGIN);
  for (let sequence = at; sequence >= first && at - sequence < UNKNOWN_MESSAGES_MAX; sequence -= 1) {
    const message = await streams.getMessage(EVENTS_STREAM, { seq: sequence });
    const header = (name: string): string | undefined => message?.header.get(name); // '' when it is absent
    const end = endOf(header);
    if (end === undefined) continue; // somebody else published there
    const shard = shardOf(header);
    if (!found.has(shard)) found.set(shard, end);
    const all = header(ENDS_HEADER);
    if (all) return rest(parseEnds(all));
    if (found.size === logs || !header(SHARD_HEADER)) return rest([]);
  }
  return rest([]);
};

interface Fork extends Range {
  readonly last: number;
  readonly shard: number;
  readonly isOfLog: IsOfItsLog;
}

/** The newest end of a log that it agrees with, looked for backwards in growing steps, and then between two of them. */
const findFork = async (connection: LogConnection, { last, shard, isOfLog, ...range }: Fork): Promise<PublishedEnd> => {
  const agreedAt = async (at: number): Promise<PublishedEnd | undefined> => {
    const end = (await endsAt(connection, at, range))[shard] ?? ORIGIN;
    return (await isOfLog(shard, end)) ? end : undefined;
  };
  let above = last;
  let below = range.first - 1;
  let agreed: PublishedEnd | undefined;
  for (let step = 1; agreed === undefined && above - step >= range.first; step *= 2) {
    agreed = await agreedAt(above - step);
    if (agreed === undefined) above -= step;
    else below = above - step;
  }
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    const end = middle < range.first ? undefined : await agreedAt(middle);
    if (end === undefined) {
      above = middle;
    } else {
      agreed = end;
      below = middle;
    }
  }
  return { ...(agreed ?? ORIGIN), foreign: last - below };
};

/** Last sequence of the stream, and the end of the public events of each log. */
export const readPublishedEnds = async (
  connection: LogConnection,
  logs: number,
  isOfLog: IsOfItsLog,
): Promise<{ readonly last: number; readonly ends: readonly PublishedEnd[] }> => {
  if (logs === 1) {
    const { last, end } = await readPublishedEnd(connection, (only) => isOfLog(0, only));
    return { last, ends: [end] };
  }
  const { first, last } = await streamBounds(connection, EVENTS_STREAM);
  const newest = await endsAt(connection, last, { first, logs });
  const ends = await Promise.all(
    newest.map(async (end, shard) =>
      (await isOfLog(shard, end)) ? end : findFork(connection, { first, last, logs, shard, isOfLog }),
    ),
  );
  return { last, ends };
};
