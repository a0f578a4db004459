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
import { type CommitSender, makeCommitSender } from './commit-sender.ts';
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

class GroupCommitWriter implements EventWriter {
  readonly #connection: LogConnection;
  readonly #options: EventWriterOptions;
  readonly #queue = makeGatherQueue();
  readonly #sender: CommitSender;
  readonly #inFlight = new Set<Pack>();
  readonly #writerId = nuid.next();
  readonly #drained = Promise.withResolvers<undefined>();
  readonly #stopWatching: () => void;
  #state: State = 'open';
  #commits = 0;
  #appendsInFlight = 0;
  #pumpIsDue = false;
  #expiry: NodeJS.Timeout | undefined;

  constructor(connection: LogConnection, options: EventWriterOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#sender = makeCommitSender(connection, options);
    this.#stopWatching = connection.onStatus((status) => {
      if (status === 'connected') this.#pump();
      if (status === 'closed') this.abort();
    });
  }

  readonly append = (events: readonly RunEvent[]): Promise<Position> =>
    new Promise((resolve, reject) => {
      if (this.#state !== 'open') {
        reject(closedError());
        return;
      }
      invariant(events.length > 0, 'an append has events');
      this.#queue.push(gather(this.#options.subject, events, { resolve, reject }));
      if (this.#inFlight.size >= this.#options.inFlightMax) this.#armExpiry();
      else this.#pumpSoon();
    });

  readonly pending = (): number => this.#queue.size() + this.#appendsInFlight;

  readonly close = async (): Promise<void> => {
    if (this.#state === 'open') this.#state = 'closing';
    this.#checkDrained();
    const limit = setTimeout(this.abort, 2 * this.#options.timeoutMs);
    await this.#drained.promise;
    clearTimeout(limit);
    this.abort();
  };

  readonly abort = (): void => {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stopWatching();
    this.#sender.close();
    clearTimeout(this.#expiry);
    for (const pack of this.#inFlight) rejectPack(pack, closedError());
    this.#inFlight.clear();
    this.#appendsInFlight = 0;
    this.#queue.rejectBefore(Number.POSITIVE_INFINITY, closedError());
    this.#drained.resolve(undefined);
  };

  /** Whoever appends in this turn of the event loop shares the commit. */
  #pumpSoon(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    setImmediate(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  }

  /** Under `never` nothing leaves while disconnected: what was not sent is refused with certainty. */
  #maySend(): boolean {
    const { inFlightMax, retry } = this.#options;
    return this.#inFlight.size < inFlightMax && (retry === 'until-closed' || this.#connection.isConnected());
  }

  #pump(): void {
    while (this.#maySend()) {
      const pack = this.#queue.takePack();
      if (pack === undefined) return;
      this.#send(pack);
    }
    this.#armExpiry();
  }

  #send(pack: Pack): void {
    this.#commits += 1;
    this.#appendsInFlight += pack.members.length;
    this.#inFlight.add(pack);
    const sentAt = performance.now();
    const messageId = `${this.#writerId}.${this.#commits}`;
    this.#sender.send({ subject: pack.subject, body: packBody(pack), messageId }, (outcome) => {
      if (this.#inFlight.delete(pack)) this.#settle(pack, outcome, sentAt); // else it was aborted meanwhile
    });
  }

  #settle(pack: Pack, outcome: PublishOutcome, sentAt: number): void {
    this.#appendsInFlight -= pack.members.length;
    if (outcome.kind === 'stored') {
      const tookMs = performance.now() - sentAt;
      this.#options.onCommit?.({ sequence: outcome.sequence, events: pack.events, bytes: pack.bytes, tookMs });
      resolvePack(pack, outcome.sequence);
    } else {
      rejectPack(pack, outcomeError(outcome));
    }
    this.#pump();
    this.#checkDrained();
  }

  /** Under `never` an append that could not leave in time is refused: it was not sent, so the caller may try again elsewhere. */
  #armExpiry(): void {
    const { retry, timeoutMs } = this.#options;
    const oldestAt = this.#queue.oldestAt();
    if (retry !== 'never' || this.#expiry !== undefined || oldestAt === undefined) return;
    const expire = (): void => {
      this.#expiry = undefined;
      this.#queue.rejectBefore(performance.now() - timeoutMs + 1, unreachable('the log did not take this in time'));
      this.#checkDrained();
      this.#armExpiry();
    };
    this.#expiry = setTimeout(expire, Math.max(1, oldestAt + timeoutMs - performance.now()));
  }

  #checkDrained(): void {
    if (this.#state === 'closing' && this.pending() === 0) this.#drained.resolve(undefined);
  }
}

export const makeEventWriter = (connection: LogConnection, options: EventWriterOptions): EventWriter =>
  new GroupCommitWriter(connection, options);
