import { encodeCommit, encodeEvent, logSubject, type Position, type RunRequested } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR, unknownOutcome } from './log-errors.ts';
import { outcomeError, publishCommit } from './publish-commit.ts';
import { readLastCommit } from './read-commit.ts';

export interface KeyedRequest {
  readonly shard: number;
  /** Hash of principal, workflow and key: one subject token. */
  readonly keyHash: string;
  readonly event: RunRequested;
  readonly timeoutMs: number;
}

export interface KeyedOutcome {
  /** `exists`: another request was first under this key; `event` and `position` are that one's. */
  readonly outcome: 'recorded' | 'exists';
  readonly event: RunRequested;
  readonly position: Position;
}

const STALE: ReadonlySet<number> = new Set([
  JETSTREAM_ERROR.wrongLastSequence,
  JETSTREAM_ERROR.wrongLastSequenceUnknown,
]);

export interface KeyedRequestFound {
  readonly event: RunRequested;
  readonly position: Position;
}

/**
 * The request that was recorded under a key; `undefined` when there is none. Takes no room in the log.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const findKeyed = async (
  connection: LogConnection,
  { shard, keyHash }: Pick<KeyedRequest, 'shard' | 'keyHash'>,
): Promise<KeyedRequestFound | undefined> => {
  const commit = await readLastCommit(connection, shard, logSubject.request(shard, keyHash));
  if (commit === undefined) return undefined;
  const [first] = commit.events;
  if (first?.known === true && first.event.type === 'dev.millrace.run.requested.v1') {
    return { event: first.event, position: { sequence: commit.sequence, index: 0 } };
  }
  throw new AppError('bug', 'log.not_a_request', `the commit at ${commit.sequence} is not a request`);
};

const readFirst = async (connection: LogConnection, request: KeyedRequest): Promise<KeyedOutcome> => {
  const found = await findKeyed(connection, request);
  // refused because of a message that expired in between, or that is being stored right now
  if (found === undefined) throw unknownOutcome('another request under this key is being recorded');
  // ours, when an earlier try was stored and its acknowledgement lost: nats-server 2.15 checks the expectation before the message id
  return { outcome: found.event.id === request.event.id ? 'recorded' : 'exists', ...found };
};

/**
 * Records a request as the first and only one under its key. Safe to repeat: the same event id is recorded once.
 *
 * @throws AppError `unavailable` as `EventWriter.append`.
 */
export const recordKeyed = async (connection: LogConnection, request: KeyedRequest): Promise<KeyedOutcome> => {
  const { shard, keyHash, event, timeoutMs } = request;
  const subject = logSubject.request(shard, keyHash);
  const outcome = await publishCommit(connection, {
    subject,
    body: encodeCommit([encodeEvent(event)]),
    messageId: event.id,
    expect: { lastSubjectSequence: 0 },
    timeoutMs,
  });
  if (outcome.kind === 'stored')
    return { outcome: 'recorded', event, position: { sequence: outcome.sequence, index: 0 } };
  if (outcome.kind === 'refused' && STALE.has(outcome.errorCode)) return readFirst(connection, request);
  throw outcomeError(outcome);
};
