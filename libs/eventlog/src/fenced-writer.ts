/**
 * Writes for as long as its leader is the leader: every commit expects that the lease is still the last message on the lease's subject,
 * and the log refuses it when it is not. Whoever was deposed while paused learns it by its next commit.
 *
 * I1 one commit is in flight at a time: with replicas the server takes no more of this kind, and order costs nothing then.
 * I2 message ids derive from the ids of the events: the same events are stored once, however often they are sent.
 * I3 after `lease.lost` nothing is sent any more.
 */
import { createHash } from 'node:crypto';
import { logSubject, type Position, type RunEvent } from '@millrace/contracts';
import { type AppError, HOUR, invariant, kindOf } from '@millrace/kernel';
import { type PublishOutcome } from './ack-inbox.ts';
import { type CommitSender, makeCommitSender, type SentCommit } from './commit-sender.ts';
import { type LogConnection } from './connection.ts';
import { gather, makeGatherQueue, type Pack, packBody, rejectPack, resolvePack } from './gather-queue.ts';
import { FENCED_CODES, type Lease, LEASE_BODY, LEASE_HOLDER_HEADER, leaseLost, ownLeaseSequence } from './lease.ts';
import { closedError, JETSTREAM_ERROR } from './log-errors.ts';
import { outcomeError } from './publish-commit.ts';

export interface FencedWriter {
  /**
   * One commit with all events; resolves with the position of the first. Commits leave in the order of the calls; what gathers
   * meanwhile for one subject shares a commit. Unknown outcomes are repeated until the log answers or the writer is closed.
   *
   * @throws AppError `conflict` `lease.lost` when another leader took the lease: stand down. `unavailable` `log.full`,
   * `log.overloaded`, `log.closed`.
   */
  readonly append: (subject: string, events: readonly RunEvent[]) => Promise<Position>;
  /** The lease as it stands: its sequence moves when it is renewed. */
  readonly lease: () => Lease;
  /** Refuses what is pending with `unavailable` `log.closed`. */
  readonly close: () => void;
}

export interface FencedWriterOptions {
  readonly shard: number;
  readonly lease: Lease;
}

const TRY_TIMEOUT_MS = 2_000;
/** Long before the log forgets the lease message by age. */
const RENEWAL_INTERVAL_MS = 6 * HOUR;
const FINAL_CODES: ReadonlySet<number> = new Set([
  ...FENCED_CODES,
  JETSTREAM_ERROR.storeFailed,
  JETSTREAM_ERROR.messageTooLarge,
]);

const idOf = ({ members }: Pack): string => {
  const hash = createHash('sha256');
  for (const { ids } of members) for (const id of ids) hash.update(`${id}\n`);
  return hash.digest('base64url');
};

const refusedBy = (outcome: Exclude<PublishOutcome, { kind: 'stored' }>): AppError =>
  outcome.kind === 'refused' && FENCED_CODES.has(outcome.errorCode) ? leaseLost() : outcomeError(outcome);

const renewalOf = ({ shard, holder, sequence }: Lease): SentCommit => ({
  subject: logSubject.lease(shard),
  body: LEASE_BODY,
  messageId: `renewal of ${shard}.${sequence}`,
  expect: { lastSubjectSequence: sequence },
  extraHeaders: { [LEASE_HOLDER_HEADER]: holder },
});

class LeaseFencedWriter implements FencedWriter {
  readonly #connection: LogConnection;
  readonly #shard: number;
  readonly #queue = makeGatherQueue();
  readonly #sender: CommitSender;
  readonly #renewal: NodeJS.Timeout;
  #lease: Lease;
  #inFlight: Pack | 'renewal' | undefined;
  #renewalIsDue = false;
  /** Why nothing is sent any more. */
  #end: AppError | undefined;

  constructor(connection: LogConnection, { shard, lease }: FencedWriterOptions) {
    this.#connection = connection;
    this.#shard = shard;
    this.#lease = lease;
    this.#sender = makeCommitSender(connection, {
      timeoutMs: TRY_TIMEOUT_MS,
      retry: 'until-closed',
      finalCodes: FINAL_CODES,
    });
    this.#renewal = setInterval(() => {
      this.#renewalIsDue = true;
      this.#pump();
    }, RENEWAL_INTERVAL_MS).unref();
  }

  readonly append = (subject: string, events: readonly RunEvent[]): Promise<Position> =>
    new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
        return;
      }
      invariant(events.length > 0, 'an append has events');
      this.#queue.push(gather(subject, events, { resolve, reject }));
      this.#pump();
    });

  readonly lease = (): Lease => this.#lease;

  readonly close = (): void => this.#stop(closedError());

  #stop(reason: AppError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    clearInterval(this.#renewal);
    this.#sender.close();
    if (this.#inFlight !== undefined && this.#inFlight !== 'renewal') rejectPack(this.#inFlight, reason);
    this.#inFlight = undefined;
    this.#queue.rejectBefore(Number.POSITIVE_INFINITY, reason);
  }

  #pump(): void {
    if (this.#end !== undefined || this.#inFlight !== undefined) return;
    if (this.#renewalIsDue) {
      this.#renew();
      return;
    }
    const pack = this.#queue.takePack();
    if (pack !== undefined) this.#send(pack);
  }

  #send(pack: Pack): void {
    this.#inFlight = pack;
    const expect = { lastSubjectSequence: this.#lease.sequence, subject: logSubject.lease(this.#shard) };
    const commit = { subject: pack.subject, body: packBody(pack), messageId: idOf(pack), expect };
    this.#sender.send(commit, (outcome) => {
      this.#inFlight = undefined;
      if (outcome.kind === 'stored') resolvePack(pack, outcome.sequence);
      else this.#refuse(pack, refusedBy(outcome));
      this.#pump();
    });
  }

  #refuse(pack: Pack, error: AppError): void {
    rejectPack(pack, error);
    if (error.kind === 'conflict') this.#stop(error);
  }

  #renew(): void {
    this.#renewalIsDue = false;
    this.#inFlight = 'renewal';
    const commit = renewalOf(this.#lease);
    this.#sender.send(commit, (outcome) => {
      this.#settleRenewal(commit.messageId, outcome).catch((error: unknown) => {
        if (kindOf(error) === 'conflict') this.#stop(leaseLost());
        this.#inFlight = undefined; // away for the moment: the lease lives long enough for the next renewal
        this.#pump();
      });
    });
  }

  async #settleRenewal(messageId: string, outcome: PublishOutcome): Promise<void> {
    const sequence =
      outcome.kind === 'stored' ? outcome.sequence : await ownLeaseSequence(this.#connection, this.#shard, messageId);
    this.#lease = { ...this.#lease, sequence };
    this.#inFlight = undefined;
    this.#pump();
  }
}

export const makeFencedWriter = (connection: LogConnection, options: FencedWriterOptions): FencedWriter =>
  new LeaseFencedWriter(connection, options);
