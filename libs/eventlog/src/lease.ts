import { encodeCommit, logSubject } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { nuid } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR } from './log-errors.ts';
import { outcomeError, publishCommit } from './publish-commit.ts';
import { readLastMessage } from './read-commit.ts';

/** Leadership of a shard: held by whoever wrote the last message on `log.<shard>.lease`. */
export interface Lease {
  readonly shard: number;
  readonly holder: string;
  /** Sequence of the lease message; fences every commit of the leader. */
  readonly sequence: number;
}

export interface LeaseOptions {
  readonly shard: number;
  /** Who takes it; written into the lease message. */
  readonly holder: string;
}

/** A lease message is a commit without events, so that every reader can pass it by. */
export const LEASE_BODY = encodeCommit([]);
export const LEASE_HOLDER_HEADER = 'Millrace-Holder';

/** Refusals that say: somebody else wrote a lease. */
export const FENCED_CODES: ReadonlySet<number> = new Set([
  JETSTREAM_ERROR.wrongLastSequence,
  JETSTREAM_ERROR.wrongLastSequenceUnknown,
]);

export const leaseLost = (): AppError => new AppError('conflict', 'lease.lost', 'another leader took the lease');

/**
 * Looks again after a refusal: sequence of the lease message with this id when it is the last one after all, because an earlier try
 * was stored and its acknowledgement lost (nats-server 2.15 checks the expectation before the message id).
 *
 * @throws AppError `conflict` `lease.lost` when somebody else's message is the last.
 */
export const ownLeaseSequence = async (
  connection: LogConnection,
  shard: number,
  messageId: string,
): Promise<number> => {
  const last = await readLastMessage(connection, shard, logSubject.lease(shard));
  if (last?.header.get('Nats-Msg-Id') !== messageId) throw leaseLost();
  return last.seq;
};

const TRY_TIMEOUT_MS = 2_000;
const TRIES_MAX = 3;

/**
 * Takes the lease, whoever held it. The caller decides when that is right (no leader answers).
 *
 * @throws AppError `conflict` `lease.lost` when somebody else took it at the same moment, `unavailable` when the log is away.
 */
export const acquireLease = async (connection: LogConnection, { shard, holder }: LeaseOptions): Promise<Lease> => {
  const subject = logSubject.lease(shard);
  const held = await readLastMessage(connection, shard, subject);
  const commit = {
    subject,
    body: LEASE_BODY,
    messageId: nuid.next(), // the same over all tries
    timeoutMs: TRY_TIMEOUT_MS,
    expect: { lastSubjectSequence: held?.seq ?? 0 },
    extraHeaders: { [LEASE_HOLDER_HEADER]: holder },
  };
  for (let tries = 1; ; tries += 1) {
    const outcome = await publishCommit(connection, commit);
    if (outcome.kind === 'stored') return { shard, holder, sequence: outcome.sequence };
    if (outcome.kind === 'refused' && FENCED_CODES.has(outcome.errorCode)) {
      return { shard, holder, sequence: await ownLeaseSequence(connection, shard, commit.messageId) };
    }
    if (outcome.kind !== 'unanswered' || tries === TRIES_MAX) throw outcomeError(outcome);
  }
};
