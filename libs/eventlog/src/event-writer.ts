/**
 * Group commit: many appends, few fsyncs.
 *
 * A commit leaves at once while fewer than `inFlightMax` are unacknowledged; what is appended meanwhile gathers and leaves as the next
 * commit. No timer: at idle a commit holds one event, under load packs grow by themselves.
 *
 * I1 an append lies in exactly one commit, whole.
 * I2 a commit keeps its message id and its bytes over all tries, so that the log stores it once.
 * I3 with `inFlightMax: 1` commits are stored in the order of the appends.
 */
import { type Position, type RunEvent } from '@millrace/contracts';
import { invariant } from '@millrace/kernel';
import { nuid } from '@nats-io/transport-node';
import { type PublishOutcome } from './ack-inbox.ts';
import { makeCommitSender } from './commit-sender.ts';
import { type LogConnection } from './connection.ts';
import { gather, makeGatherQueue, type Pack, packBody, rejectPack, resolvePack } from './gather-queue.ts';
import { closedError, unreachable } from './log-errors.ts';
import { outcomeError } from './publish-commit.ts';

export interface EventWriterOptions {
  readonly shard: number;
  /** Where the commits go, such as `logSubject.commit(shard)`. */
  readonly subject: string;
  /** Commits that may be unacknowledged at the same time. 1 keeps the order of all appends. */
  readonly inFlightMax: number;
  /** Longest wait for the acknowledgement of one try, and of an append for its commit to leave under `never`. */
  readonly timeoutMs: number;
  /** What happens to a commit whose outcome is unknown. `until-closed` repeats it with the same message id. */
  readonly retry: 'never' | 'until-closed';
  /** Called for every acknowledged commit, before its callers resume. */
  readonly onCommit?: (commit: AppendedCommit) => void;
}

export interface AppendedCommit {
  readonly sequence: number;
  readonly events: number;
  readonly bytes: number;
  /** From the first try to the acknowledgement, in milliseconds. */
  readonly tookMs: number;
}

export interface EventWriter {
  /**
   * Resolves once all events are on disk in one commit, with the position of the first; the i-th follows at `index + i`.
   *
   * @throws AppError `unavailable`: `log.unknown_outcome` may or may not be recorded; `log.full`, `log.overloaded`,
   * `log.unreachable` are not recorded; `log.closed` may be when it was pending at `abort`. `too_large` `log.too_large`.
   */
  readonly append: (events: readonly RunEvent[]) => Promise<Position>;
  /** Appends not yet acknowledged. */
  readonly pending: () => number;
  /** Refuses further appends, waits for what is pending (two time-outs at most), then aborts. */
  readonly close: () => Promise<void>;
  /** Refuses everything pending and further appends at once. */
  readonly abort: () => void;
}

type State = 'open' | 'closing' | 'closed';

export const makeEventWriter = (connection: LogConnection, options: EventWriterOptions): EventWriter => {
  const { subject, inFlightMax, timeoutMs, retry, onCommit } = options;
  const queue = makeGatherQueue();
  const sender = makeCommitSender(connection, { timeoutMs, retry });
  const inFlight = new Set<Pack>();
  const writerId = nuid.next();
  const drained = Promise.withResolvers<undefined>();
  let state: State = 'open';
  let commits = 0;
  let sent = 0;
  let pumpIsDue = false;
  let expiry: NodeJS.Timeout | undefined;

  const pending = (): number => queue.size() + sent;
  const checkDrained = (): void => {
    if (pending() === 0) drained.resolve(undefined);
  };

  const settled = (pack: Pack): void => {
    inFlight.delete(pack);
    sent -= pack.members.length;
    pump();
    if (state === 'closing') checkDrained();
  };

  const onOutcome = (pack: Pack, outcome: PublishOutcome, sentAt: number): void => {
    if (!inFlight.has(pack)) return; // aborted meanwhile
    if (outcome.kind === 'stored') {
      const { sequence } = outcome;
      onCommit?.({ sequence, events: pack.events, bytes: pack.bytes, tookMs: performance.now() - sentAt });
      resolvePack(pack, sequence);
    } else {
      rejectPack(pack, outcomeError(outcome));
    }
    settled(pack);
  };

  const send = (pack: Pack): void => {
    commits += 1;
    sent += pack.members.length;
    inFlight.add(pack);
    const sentAt = performance.now();
    const commit = { subject, body: packBody(pack), messageId: `${writerId}.${commits}` };
    sender.send(commit, (outcome) => onOutcome(pack, outcome, sentAt));
  };

  const pump = (): void => {
    pumpIsDue = false;
    while (inFlight.size < inFlightMax && (retry === 'until-closed' || connection.isConnected())) {
      const pack = queue.takePack();
      if (pack === undefined) return;
      send(pack);
    }
    armExpiry();
  };

  /** Under `never` an append that could not leave in time is refused: it was not sent, so the caller may try again elsewhere. */
  const armExpiry = (): void => {
    const oldestAt = queue.oldestAt();
    if (retry !== 'never' || expiry !== undefined || oldestAt === undefined) return;
    expiry = setTimeout(
      () => {
        expiry = undefined;
        queue.rejectBefore(performance.now() - timeoutMs + 1, unreachable('the log did not take this in time'));
        if (state === 'closing') checkDrained();
        armExpiry();
      },
      Math.max(1, oldestAt + timeoutMs - performance.now()),
    );
  };

  const stopWatching = connection.onStatus((status) => {
    if (status === 'connected') pump();
    if (status === 'closed') abort();
  });

  const abort = (): void => {
    if (state === 'closed') return;
    state = 'closed';
    stopWatching();
    sender.close();
    clearTimeout(expiry);
    for (const pack of inFlight) rejectPack(pack, closedError());
    inFlight.clear();
    queue.rejectBefore(Number.POSITIVE_INFINITY, closedError());
    sent = 0;
    drained.resolve(undefined);
  };

  return {
    append: (events) =>
      new Promise((resolve, reject) => {
        if (state !== 'open') {
          reject(closedError());
          return;
        }
        invariant(events.length > 0, 'an append has events');
        queue.push(gather(subject, events, { resolve, reject }));
        if (pumpIsDue || inFlight.size >= inFlightMax) return;
        pumpIsDue = true;
        setImmediate(pump); // whoever is served in this turn of the event loop shares the commit
      }),
    pending,
    close: async () => {
      if (state === 'open') state = 'closing';
      checkDrained();
      const limit = setTimeout(abort, 2 * timeoutMs);
      await drained.promise;
      clearTimeout(limit);
      abort();
    },
    abort,
  };
};
