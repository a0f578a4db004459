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
import { type AppError, HOUR, invariant } from '@millrace/kernel';
import { type PublishOutcome } from './ack-inbox.ts';
import { type CommitSender, makeCommitSender, type SentCommit } from './commit-sender.ts';
import { type LogConnection } from './connection.ts';
import { gather, makeGatherQueue, type Pack, packBody, rejectPack, resolvePack } from './gather-queue.ts';
import { FENCED_CODES, type Lease, LEASE_BODY, LEASE_HOLDER_HEADER, leaseLost } from './lease.ts';
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

export const makeFencedWriter = (
  connection: LogConnection,
  { shard, lease: taken }: FencedWriterOptions,
): FencedWriter => {
  const queue = makeGatherQueue();
  const sender: CommitSender = makeCommitSender(connection, {
    timeoutMs: TRY_TIMEOUT_MS,
    retry: 'until-closed',
    finalCodes: FINAL_CODES,
  });
  let lease = taken;
  let end: AppError | undefined;
  let inFlight: Pack | 'renewal' | undefined;
  let renewalIsDue = false;

  const stop = (reason: AppError): void => {
    if (end !== undefined) return;
    end = reason;
    clearInterval(renewal);
    sender.close();
    if (inFlight !== undefined && inFlight !== 'renewal') rejectPack(inFlight, reason);
    inFlight = undefined;
    queue.rejectBefore(Number.POSITIVE_INFINITY, reason);
  };

  const fenced = (commit: Omit<SentCommit, 'expect'>): SentCommit => ({
    ...commit,
    expect: { lastSubjectSequence: lease.sequence, subject: logSubject.lease(shard) },
  });

  const onOutcome = (pack: Pack, outcome: PublishOutcome): void => {
    inFlight = undefined;
    if (outcome.kind === 'stored') {
      resolvePack(pack, outcome.sequence);
    } else {
      const error = refusedBy(outcome);
      rejectPack(pack, error);
      if (error.kind === 'conflict') stop(error);
    }
    pump();
  };

  const renew = (): void => {
    renewalIsDue = false;
    inFlight = 'renewal';
    sender.send(renewalOf(lease), (outcome) => {
      inFlight = undefined;
      if (outcome.kind === 'stored') lease = { ...lease, sequence: outcome.sequence };
      else if (refusedBy(outcome).kind === 'conflict') stop(leaseLost());
      pump();
    });
  };

  const pump = (): void => {
    if (end !== undefined || inFlight !== undefined) return;
    if (renewalIsDue) {
      renew();
      return;
    }
    const pack = queue.takePack();
    if (pack === undefined) return;
    inFlight = pack;
    const commit = fenced({ subject: pack.subject, body: packBody(pack), messageId: idOf(pack) });
    sender.send(commit, (outcome) => onOutcome(pack, outcome));
  };

  const renewal = setInterval(() => {
    renewalIsDue = true;
    pump();
  }, RENEWAL_INTERVAL_MS);
  renewal.unref();

  return {
    append: (subject, events) =>
      new Promise((resolve, reject) => {
        if (end !== undefined) {
          reject(end);
          return;
        }
        invariant(events.length > 0, 'an append has events');
        queue.push(gather(subject, events, { resolve, reject }));
        pump();
      }),
    lease: () => lease,
    close: () => stop(closedError()),
  };
};
