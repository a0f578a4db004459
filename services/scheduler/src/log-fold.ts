import { isTerminal, logSubject, type Position, type RunEvent } from '@millrace/contracts';
import { evolve, type SchedulerState } from '@millrace/domain';
import { type Commit, type StreamAnchor } from '@millrace/eventlog';
import { type Logger } from '@millrace/runtime';
import { type RequestStore } from './request-store.ts';

/** Who leads is told what it has to act on. */
export interface FoldListener {
  readonly onCancelRequested: (runId: string) => void;
  /** Somebody wrote a lease, perhaps this process itself. */
  readonly onLease: (sequence: number) => void;
  /** A batch was folded: what follows from it can be decided. */
  readonly onBatch: () => void;
}

/** The state of the log as far as it was read. */
export interface LogFold {
  /** Sequence of the last commit. */
  readonly position: () => number;
  /** The last commit, by which the log is known again. */
  readonly anchor: () => StreamAnchor;
  readonly apply: (batch: readonly Commit[]) => void;
  /** Resolves once this sequence was read. */
  readonly reached: (sequence: number) => Promise<void>;
  readonly listen: (listener: FoldListener) => void;
}

export interface LogFoldDeps {
  readonly shard: number;
  /** The last commit that the state holds already. */
  readonly begin: StreamAnchor;
  readonly state: SchedulerState;
  readonly requests: RequestStore;
  readonly log: Logger;
  /** Told of every commit, before it is folded. */
  readonly onCommit: (commit: Commit) => void;
}

/** How the log holds an event. */
interface Stored {
  readonly storedBytes: number;
  readonly atMs: number;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
}

/** Those who wait until a sequence was read. */
const makeWaiters = () => {
  let waiters: readonly Waiter[] = [];
  return {
    until: (sequence: number): Promise<void> =>
      new Promise((resolve) => {
        waiters = [...waiters, { sequence, resolve }];
      }),
    wake: (position: number): void => {
      const due = waiters.filter(({ sequence }) => sequence <= position);
      if (due.length === 0) return;
      waiters = waiters.filter(({ sequence }) => sequence > position);
      for (const { resolve } of due) resolve();
    },
  };
};

export const makeLogFold = ({ shard, begin, state, requests, log, onCommit }: LogFoldDeps): LogFold => {
  const leaseSubject = logSubject.lease(shard);
  let anchor = begin;
  const waiters = makeWaiters();
  let listener: FoldListener | undefined;

  const applyEvent = (event: RunEvent, position: Position, { storedBytes, atMs }: Stored): void => {
    evolve(state, event, position, atMs);
    if (isTerminal(event.type)) requests.measureEnd(event.data);
    if (event.type === 'dev.millrace.run.requested.v1') requests.keep(event, storedBytes);
    else if (state.runs.find(event.subject) === undefined) requests.forget(event.subject);
    if (event.type === 'dev.millrace.run.cancel.requested.v1') listener?.onCancelRequested(event.subject);
  };

  const applyCommit = (commit: Commit): void => {
    const { sequence, subject, events } = commit;
    onCommit(commit);
    const stored = { storedBytes: commit.bytes / Math.max(1, events.length), atMs: commit.time };
    state.queues.advance(commit.time);
    state.logBeganMs ??= commit.time;
    if (subject === leaseSubject) listener?.onLease(sequence);
    for (const [index, decoded] of events.entries()) {
      if (decoded.known) applyEvent(decoded.event, { sequence, index }, stored);
      else log.warn('passed by an event that cannot be used', { sequence, type: decoded.type, reason: decoded.reason });
    }
    anchor = { sequence, storedAt: commit.time };
  };

  return {
    position: () => anchor.sequence,
    anchor: () => anchor,
    apply: (batch) => {
      for (const commit of batch) applyCommit(commit);
      waiters.wake(anchor.sequence);
      listener?.onBatch();
    },
    reached: async (sequence) => {
      if (sequence > anchor.sequence) await waiters.until(sequence);
    },
    listen: (next) => {
      listener = next;
    },
  };
};
