import { type Position, type RunRequested } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

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

/**
 * Records a request as the first and only one under its key.
 *
 * @throws AppError `unavailable` as `EventWriter.append`.
 */
export const recordKeyed = async (connection: LogConnection, request: KeyedRequest): Promise<KeyedOutcome> =>
  notYet(connection, request);
