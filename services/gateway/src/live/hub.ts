/**
 * Follows the public events and the output of all runs once for this gateway, while at least one reader listens, and hands each item to the
 * readers of its run. Nothing is parsed that nobody reads.
 *
 * I1 a reader gets every public event behind `from.event` and every chunk behind `from.output`, in order, until it is closed or lags.
 * I2 no reader, no subscription.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, messageOf } from '@millrace/kernel';
import { ORIGIN, type Position, type Ring, shardsUpTo } from '@millrace/contracts';
import {
  followOutput,
  followPublicEvents,
  logBounds,
  type LogConnection,
  outputBounds,
  type OutputPack,
  type PublicEvent,
} from '@millrace/eventlog';
import { type Logger } from '@millrace/runtime';
import { SSE_PACE_MS, SSE_PATIENCE_MS } from '../limits.ts';
import { makeTap, type Tap } from './tap.ts';

/** One reader of one run. */
export interface Listener {
  readonly shard: number;
  readonly tap: Tap;
  /** From here on everything is delivered: a position of the log of the shard, and a sequence of its stream of output. */
  readonly from: { readonly event: Position; readonly output: number };
  /** Sequence of the stream of output up to which everything was delivered. */
  readonly outputSequence: () => number;
  /** Frees everything. Safe to repeat. */
  readonly close: () => void;
}

export interface ListenedRun {
  readonly id: string;
  readonly shard: number;
}

export interface LiveHub {
  /**
   * @param onLagged called once when the reader is too slow for what happens
   * @throws AppError `unavailable` when the log is away.
   */
  readonly listen: (run: ListenedRun, onLagged: () => void) => Promise<Listener>;
  readonly close: () => void;
}

export interface LiveHubDeps {
  readonly connection: LogConnection;
  readonly ring: Ring;
  readonly log: Logger;
}

/** One period of following, from the first reader to the last. */
interface Session {
  readonly taps: Map<string, Set<Tap>>;
  readonly stop: AbortController;
  readonly started: Promise<void>;
  event: Position;
  /** By shard. */
  output: number[];
}

/** Readers that got something now and are more than half full. */
type Filling = readonly Tap[];

const handEvents = (session: Session, batch: readonly PublicEvent[]): Filling => {
  const given = new Set<Tap>();
  for (const published of batch) {
    session.event = published.position;
    for (const tap of session.taps.get(published.runId) ?? []) {
      const { type, time, attempt, data } = published.event;
      tap.push({ kind: 'event', event: { position: published.position, type, time, attempt, data } });
      given.add(tap);
    }
  }
  return [...given].filter((tap) => tap.isFilling());
};

const handPack = (session: Session, shard: number, { sequence, chunks }: OutputPack): Filling => {
  const given = new Set<Tap>();
  session.output[shard] = sequence;
  chunks.forEach((chunk, index) => {
    for (const tap of session.taps.get(chunk.runId) ?? []) {
      tap.push({ kind: 'chunk', chunk: { ...chunk, position: { sequence, index } } });
      given.add(tap);
    }
  });
  return [...given].filter((tap) => tap.isFilling());
};

/** A burst is larger than any backlog: readers get a moment to take what they have. One that does not is cut by what comes next. */
const giveTime = async (filling: Filling): Promise<void> => {
  const deadline = performance.now() + SSE_PATIENCE_MS;
  while (filling.some((tap) => tap.isFilling()) && performance.now() < deadline) await delay(SSE_PACE_MS);
};

const end = (session: Session): void => {
  session.stop.abort();
  for (const taps of session.taps.values()) for (const tap of taps) tap.end();
  session.taps.clear();
};

const followEvents = async (connection: LogConnection, session: Session, onStart: () => void): Promise<void> => {
  const start = (from: { readonly position: Position }): void => {
    session.event = from.position;
    onStart();
  };
  for await (const batch of followPublicEvents(connection, { signal: session.stop.signal, onStart: start })) {
    await giveTime(handEvents(session, batch));
  }
};

const followChunks = async (connection: LogConnection, session: Session, shard: number): Promise<void> => {
  const from = { shard, fromSequence: (session.output[shard] ?? 0) + 1, signal: session.stop.signal };
  for await (const batch of followOutput(connection, from)) {
    for (const pack of batch) await giveTime(handPack(session, shard, pack));
  }
};

/** Begins to follow; `started` settles once I1 holds, or rejects when the log is away. */
const begin = ({ connection, ring, log }: LiveHubDeps): Session => {
  const shards = shardsUpTo(ring.logs);
  const running = Promise.withResolvers<undefined>();
  const session: Session = {
    taps: new Map(),
    stop: new AbortController(),
    started: running.promise,
    event: ORIGIN,
    output: [],
  };
  const breakOff = (error: unknown): void => {
    running.reject(error);
    if (session.stop.signal.aborted) return;
    log.warn('live events broke off; readers connect again', { reason: messageOf(error) });
    end(session);
  };
  const run = async (): Promise<void> => {
    session.output = await Promise.all(shards.map(async (shard) => (await outputBounds(connection, shard)).last));
    for (const shard of shards) followChunks(connection, session, shard).catch(breakOff);
    await followEvents(connection, session, () => running.resolve(undefined));
  };
  run().catch(breakOff);
  // Readers await it as well; a session that nobody awaits any more must not end the process.
  running.promise.catch(() => undefined);
  return session;
};

/**
 * Where the log of a shard is from which on its events are delivered. What follows is known of one log only; where several are woven into
 * one stream it is the end of the log now, because all that was published before the session began is before it.
 */
const eventPlace = async ({ connection, ring }: LiveHubDeps, session: Session, shard: number): Promise<Position> =>
  ring.logs === 1 ? session.event : { sequence: (await logBounds(connection, shard)).last, index: 0 };

export const makeLiveHub = (deps: LiveHubDeps): LiveHub => {
  let current: Session | undefined;

  const leave = (session: Session, runId: string, tap: Tap): void => {
    tap.end();
    const taps = session.taps.get(runId);
    taps?.delete(tap);
    if (taps?.size === 0) session.taps.delete(runId);
    if (session.taps.size === 0) end(session);
  };

  const join = (runId: string, tap: Tap): Session => {
    if (current === undefined || current.stop.signal.aborted) current = begin(deps);
    const taps = current.taps.get(runId) ?? new Set();
    current.taps.set(runId, taps.add(tap));
    return current;
  };

  return {
    listen: async ({ id: runId, shard }, onLagged) => {
      const tap = makeTap(onLagged);
      const session = join(runId, tap);
      const close = (): void => leave(session, runId, tap);
      let event: Position;
      try {
        await session.started;
        event = await eventPlace(deps, session, shard);
      } catch (cause) {
        close();
        throw new AppError('unavailable', 'live.unavailable', 'live events are not available', { cause });
      }
      // What was handed over since joining is before `from` and in the tap as well: readers drop what they have.
      const output = (): number => session.output[shard] ?? 0;
      return { shard, tap, from: { event, output: output() }, outputSequence: output, close };
    },
    close: () => {
      if (current !== undefined) end(current);
    },
  };
};
