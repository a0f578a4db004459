/**
 * Follows the public events and the output of all runs once for this gateway, while at least one reader listens, and hands each item to the
 * readers of its run. Nothing is parsed that nobody reads.
 *
 * I1 a reader gets every public event behind `from.event` and every chunk behind `from.output`, in order, until it is closed or lags.
 * I2 no reader, no subscription.
 */
import { AppError, messageOf } from '@millrace/kernel';
import { ORIGIN, type OutputChunk, type Position } from '@millrace/contracts';
import {
  followOutput,
  followPublicEvents,
  type LogConnection,
  outputBounds,
  type OutputPack,
  type PublicEvent,
} from '@millrace/eventlog';
import { type Logger } from '@millrace/runtime';
import { makeTap, type Tap } from './tap.ts';

/** One reader of one run. */
export interface Listener {
  readonly tap: Tap;
  /** From here on everything is delivered: a position of the log, and a sequence of the stream of output. */
  readonly from: { readonly event: Position; readonly output: number };
  /** Sequence of the stream of output up to which everything was delivered. */
  readonly outputSequence: () => number;
  /** Frees everything. Safe to repeat. */
  readonly close: () => void;
}

export interface LiveHub {
  /**
   * @param onLagged called once when the reader is too slow for what happens
   * @throws AppError `unavailable` when the log is away.
   */
  readonly listen: (runId: string, onLagged: () => void) => Promise<Listener>;
  readonly close: () => void;
}

export interface LiveHubDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly log: Logger;
}

/** One period of following, from the first reader to the last. */
interface Session {
  readonly taps: Map<string, Set<Tap>>;
  readonly stop: AbortController;
  readonly started: Promise<void>;
  event: Position;
  output: number;
}

export const makeLiveHub = ({ connection, shard, log }: LiveHubDeps): LiveHub => {
  let current: Session | undefined;

  const end = (session: Session): void => {
    if (current === session) current = undefined;
    session.stop.abort();
    for (const taps of session.taps.values()) for (const tap of taps) tap.end();
    session.taps.clear();
  };

  const breakOff = (session: Session, error: unknown): void => {
    if (session.stop.signal.aborted) return;
    log.warn('live events broke off; readers connect again', { reason: messageOf(error) });
    end(session);
  };

  const followEvents = async (session: Session, onStart: () => void): Promise<void> => {
    const { signal } = session.stop;
    const start = (from: { readonly position: Position }): void => {
      session.event = from.position;
      onStart();
    };
    for await (const batch of followPublicEvents(connection, { signal, onStart: start })) {
      for (const event of batch) handEvent(session, event);
    }
  };

  const followChunks = async (session: Session): Promise<void> => {
    const { signal } = session.stop;
    const fromSequence = session.output + 1;
    for await (const batch of followOutput(connection, { shard, fromSequence, signal })) {
      for (const pack of batch) handPack(session, pack);
    }
  };

  const begin = (): Session => {
    const running = Promise.withResolvers<undefined>();
    const session: Session = {
      taps: new Map(),
      stop: new AbortController(),
      started: running.promise,
      event: ORIGIN,
      output: 0,
    };
    const start = async (): Promise<void> => {
      session.output = (await outputBounds(connection)).last;
      followChunks(session).catch((error: unknown) => breakOff(session, error));
      await followEvents(session, () => running.resolve(undefined));
    };
    start().catch((error: unknown) => {
      running.reject(error);
      breakOff(session, error);
    });
    // Whoever began the session awaits it too; a rejection is never unhandled.
    running.promise.catch(() => undefined);
    return session;
  };

  const leave = (session: Session, runId: string, tap: Tap): void => {
    tap.end();
    const taps = session.taps.get(runId);
    taps?.delete(tap);
    if (taps?.size === 0) session.taps.delete(runId);
    if (session.taps.size === 0) end(session);
  };

  return {
    listen: async (runId, onLagged) => {
      const session = (current ??= begin());
      const tap = makeTap(onLagged);
      const taps = session.taps.get(runId) ?? new Set();
      session.taps.set(runId, taps.add(tap));
      try {
        await session.started;
      } catch (cause) {
        leave(session, runId, tap);
        throw new AppError('unavailable', 'live.unavailable', 'live events are not available', { cause });
      }
      return {
        tap,
        // What was handed over between joining and now is behind this position and in the tap as well: readers drop what they have.
        from: { event: session.event, output: session.output },
        outputSequence: () => session.output,
        close: () => leave(session, runId, tap),
      };
    },
    close: () => {
      if (current !== undefined) end(current);
    },
  };
};

const handEvent = (session: Session, published: PublicEvent): void => {
  session.event = published.position;
  const taps = session.taps.get(published.runId);
  if (taps === undefined) return;
  const { type, time, attempt, data } = published.event;
  const event = { position: published.position, type, time, attempt, data };
  for (const tap of taps) tap.push({ kind: 'event', event });
};

const handPack = (session: Session, { sequence, chunks }: OutputPack): void => {
  session.output = sequence;
  chunks.forEach((chunk: OutputChunk, index) => {
    for (const tap of session.taps.get(chunk.runId) ?? []) {
      tap.push({ kind: 'chunk', chunk: { ...chunk, position: { sequence, index } } });
    }
  });
};
