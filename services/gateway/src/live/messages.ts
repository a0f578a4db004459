import { isTerminal, type LiveMessage, type Position, type RunEventType } from '@millrace/contracts';
import { type RunEventRow, type RunOutputRow } from '@millrace/read-model';
import { resultOfEvent } from '../views/run-views.ts';

/** A run event as the feed needs it; from the read model or live. */
export type FeedEvent = RunEventRow;
export type FeedChunk = Pick<RunOutputRow, 'position' | 'attempt' | 'stream' | 'time' | 'text'>;

/** What the feed is about. */
export interface FeedRun {
  readonly id: string;
  readonly traceId: string | undefined;
  /** Whether it was over when the caller found it: then everything is history. */
  readonly isOver: boolean;
}

const STATE_BY_TYPE: Readonly<Record<string, string>> = {
  'dev.millrace.run.requested.v1': 'waiting',
  'dev.millrace.run.dispatched.v1': 'dispatched',
  'dev.millrace.run.started.v1': 'running',
  'dev.millrace.run.cancel.requested.v1': 'cancel_requested',
  'dev.millrace.run.attempt.failed.v1': 'attempt_failed',
  'dev.millrace.run.attempt.lost.v1': 'attempt_lost',
  'dev.millrace.run.retry.scheduled.v1': 'retry_scheduled',
};

export const endsRun = ({ type }: Pick<FeedEvent, 'type'>): boolean => isTerminal(type as RunEventType);

/** What a client is told of an event; `undefined` for types that newer services write. */
export const messageOfEvent = (run: FeedRun, event: FeedEvent): LiveMessage | undefined => {
  const { type, time, attempt = 0, data } = event;
  const result = resultOfEvent({ runId: run.id, traceId: run.traceId, type, data });
  if (result !== undefined) return { type: 'complete', time, attempt, ...result };
  if (type === 'dev.millrace.run.progressed.v1') {
    const { percent, message } = data as { readonly percent: number; readonly message?: string };
    return { type: 'progress', attempt, percent, ...(message === undefined ? {} : { message }) };
  }
  if (type === 'dev.millrace.run.responded.v1') {
    return { type: 'responded', time, attempt, response: (data as { readonly response: unknown }).response };
  }
  const state = STATE_BY_TYPE[type];
  return state === undefined ? undefined : { type: 'state', state, attempt, time };
};

export const messageOfChunk = ({ attempt, stream, time, text }: FeedChunk): LiveMessage => ({
  type: 'log',
  attempt,
  stream: stream as 'stdout' | 'stderr' | 'log',
  time,
  text,
});

export const isBehind = (position: Position, cursor: Position): boolean =>
  position.sequence > cursor.sequence || (position.sequence === cursor.sequence && position.index > cursor.index);
