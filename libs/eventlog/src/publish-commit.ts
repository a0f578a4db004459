import { CLOUDEVENTS_BATCH_MEDIA_TYPE } from '@millrace/contracts';
import { type AppError } from '@millrace/kernel';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { type PublishOutcome } from './ack-inbox.ts';
import { type LogConnection } from './connection.ts';
import { refusal, unknownOutcome, unreachable } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';

/** What must hold for the log to take a commit. */
export interface Expectation {
  /** Sequence of the last message on `subject`; 0 when there must be none. */
  readonly lastSubjectSequence: number;
  /** The commit's own subject when absent. */
  readonly subject?: string;
}

export interface OutgoingCommit {
  readonly subject: string;
  readonly body: Uint8Array | string;
  readonly messageId: string;
  readonly timeoutMs: number;
  readonly expect?: Expectation;
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

const commitHeaders = ({ messageId, expect, extraHeaders }: OutgoingCommit): MsgHdrs => {
  const result = headers();
  result.set('Nats-Msg-Id', messageId);
  result.set('content-type', CLOUDEVENTS_BATCH_MEDIA_TYPE);
  if (expect !== undefined) {
    result.set('Nats-Expected-Last-Subject-Sequence', String(expect.lastSubjectSequence));
    if (expect.subject !== undefined) result.set('Nats-Expected-Last-Subject-Sequence-Subject', expect.subject);
  }
  for (const [name, value] of Object.entries(extraHeaders ?? {})) result.set(name, value);
  return result;
};

/** Sends one commit; never throws. A repeated message id is answered with the first copy's sequence. */
export const sendCommit = (
  connection: LogConnection,
  commit: OutgoingCommit,
  settle: (outcome: PublishOutcome) => void,
): void => {
  const { subject, body, timeoutMs } = commit;
  handleOf(connection).acks.send({ subject, payload: body, headers: commitHeaders(commit), timeoutMs }, settle);
};

export const publishCommit = async (connection: LogConnection, commit: OutgoingCommit): Promise<PublishOutcome> =>
  new Promise((resolve) => sendCommit(connection, commit, resolve));

/** The error for a commit that was not acknowledged. */
export const outcomeError = (outcome: Exclude<PublishOutcome, { kind: 'stored' }>): AppError => {
  switch (outcome.kind) {
    case 'refused':
      return refusal(outcome.errorCode, outcome.description);
    case 'not_sent':
      return unreachable(`the log was not reached: ${outcome.reason}`);
    case 'unanswered':
      return unknownOutcome(`it is not known whether this was recorded: ${outcome.reason}`);
  }
};
