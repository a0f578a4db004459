/**
 * One run as a reader sees it: history from the read model, then live, without gap or repeat, until the run is over.
 *
 * I1 the live tap is opened before history is read, and history is read once it holds everything before the tap: no gap.
 * I2 what is not behind the cursor is left out: no repeat.
 * I3 the terminal event comes last; output that was stored before it comes before it, as long as it arrives in time.
 */
import { AppError } from '@millrace/kernel';
import { type LiveMessage } from '@millrace/contracts';
import { type LogConnection, outputBounds } from '@millrace/eventlog';
import { type Projection, type ReadModel } from '@millrace/read-model';
import { type Reveal } from '../reading/reveal.ts';
import { READ_YOUR_WRITES_MS, SSE_OUTPUT_SETTLE_MS } from '../limits.ts';
import { makeCheckSameLog } from '../reading/check-same-log.ts';
import { type LogOfRun } from '../reading/log-of-run.ts';
import { type ProjectionWatch } from '../reading/projection-watch.ts';
import { type FeedCursor, formatCursor } from './cursor.ts';
import { readHistory } from './history.ts';
import { type Listener, type LiveHub } from './hub.ts';
import { endsRun, type FeedRun, isBehind, messageOfChunk, messageOfEvent } from './messages.ts';
import { type LiveItem } from './tap.ts';

/** A message and the cursor that resumes behind it. */
export interface FeedItem {
  readonly id: string;
  readonly message: LiveMessage;
}

export interface RunFeedDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly hub: LiveHub;
  /** By shard, of every log that there is. */
  readonly watches: readonly ProjectionWatch[];
  readonly reveal: Pick<Reveal, 'members'>;
  readonly logOf: LogOfRun;
}

export interface FeedRequest {
  readonly run: FeedRun;
  readonly after: FeedCursor;
  /** Ends the feed; whatever it waits for, it holds nothing any more. */
  readonly signal: AbortSignal;
  /** Called once when the reader is too slow for what happens. */
  readonly onLagged: () => void;
}

/** @throws AppError `unavailable` when log or read model are away, too far behind, or do not belong together. */
export type OpenRunFeed = (request: FeedRequest) => AsyncGenerator<FeedItem, void, undefined>;

/** Longest sleep before looking again whether all output has arrived. */
const SETTLE_STEP_MS = 20;

const behind = (): AppError =>
  new AppError('unavailable', 'read_model.behind', 'the read models are behind the log', { retryAfterSeconds: 1 });

/** The message of an item that is new to this reader; moves the cursor. */
const makeAdmit = (run: FeedRun, after: FeedCursor): ((item: LiveItem) => FeedItem | undefined) => {
  let cursor = after;
  return (item) => {
    const place = item.kind === 'event' ? item.event.position : item.chunk.position;
    if (!isBehind(place, item.kind === 'event' ? cursor.event : cursor.output)) return undefined;
    cursor = item.kind === 'event' ? { ...cursor, event: place } : { ...cursor, output: place };
    const message = item.kind === 'event' ? messageOfEvent(run, item.event) : messageOfChunk(item.chunk);
    return message === undefined ? undefined : { id: formatCursor(cursor), message };
  };
};

const isEnd = (item: LiveItem): boolean => item.kind === 'event' && endsRun(item.event);

/** What still arrives until everything that was stored when the run ended is there, or time is up. */
async function* lastOutput(connection: LogConnection, live: Listener): AsyncGenerator<LiveItem, void, undefined> {
  const { last } = await outputBounds(connection, live.shard);
  const deadline = performance.now() + SSE_OUTPUT_SETTLE_MS;
  while (live.outputSequence() < last && live.tap.state() === 'open' && performance.now() < deadline) {
    yield* await live.tap.take(SETTLE_STEP_MS);
  }
  yield* await live.tap.take(0);
}

async function* liveItems(connection: LogConnection, live: Listener): AsyncGenerator<LiveItem, void, undefined> {
  for (;;) {
    const batch = await live.tap.take();
    const end = batch.find(isEnd);
    yield* batch.filter((item) => item !== end);
    if (end !== undefined) {
      yield* lastOutput(connection, live);
      yield end;
      return;
    }
    if (batch.length === 0 && live.tap.state() !== 'open') return;
  }
}

export const makeRunFeed = (deps: RunFeedDeps): OpenRunFeed => {
  const { connection, readModel, hub, watches, reveal, logOf } = deps;
  const checkSameLog = makeCheckSameLog(deps);
  const untilPassed = async (projection: Projection, shard: number, sequence: number): Promise<void> => {
    if (await watches[shard]?.passes(projection, sequence, READ_YOUR_WRITES_MS)) return;
    await checkSameLog(projection, shard);
    throw behind();
  };
  /** Waits until the read model holds everything before these places of a shard. */
  const catchUp = async (shard: number, event: number, output: number): Promise<void> => {
    await untilPassed('runs', shard, event);
    await untilPassed('output', shard, output);
  };

  async function* endedRun(run: FeedRun, after: FeedCursor): AsyncGenerator<LiveItem, void, undefined> {
    const shard = await logOf(run.id);
    const { last } = await outputBounds(connection, shard);
    await catchUp(shard, 0, last);
    yield* readHistory(readModel, run.id, after);
  }

  async function* runningRun(
    run: FeedRun,
    after: FeedCursor,
    live: Listener,
  ): AsyncGenerator<LiveItem, void, undefined> {
    await catchUp(live.shard, live.from.event.sequence, live.from.output);
    yield* readHistory(readModel, run.id, after);
    yield* liveItems(connection, live);
  }

  return async function* openRunFeed({ run, after, signal, onLagged }) {
    const live = run.isOver ? undefined : await hub.listen({ id: run.id, shard: await logOf(run.id) }, onLagged);
    const release = (): void => live?.close();
    signal.addEventListener('abort', release, { once: true });
    const admit = makeAdmit(run, after);
    try {
      for await (const item of live === undefined ? endedRun(run, after) : runningRun(run, after, live)) {
        const admitted = signal.aborted ? undefined : admit(item);
        if (admitted !== undefined) yield { ...admitted, message: await reveal.members(run.id, admitted.message) };
        if (signal.aborted || isEnd(item)) return;
      }
    } finally {
      signal.removeEventListener('abort', release);
      release();
    }
  };
};
