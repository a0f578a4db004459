import { type Position, type RunEvent } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

export interface PositionedEvent {
  readonly position: Position;
  readonly event: RunEvent;
}

/** Writes the public events; exactly one may be active per shard, and the stream itself refuses a second. */
export interface PublicEventPublisher {
  /** Position of the last event in the stream, `ORIGIN` when it is empty. Call first, and again after any error. */
  readonly lastPosition: () => Promise<Position>;
  /**
   * Publishes in this order; resolves when all are stored.
   *
   * @throws AppError `conflict` `events.moved` when somebody else published, `unavailable` otherwise: some may be stored, ask `lastPosition`.
   */
  readonly publish: (items: readonly PositionedEvent[]) => Promise<void>;
}

export const makePublicEventPublisher = (connection: LogConnection): PublicEventPublisher => notYet(connection);

/** A public event as it arrives. */
export interface PublicEvent {
  /** Position in the log. */
  readonly position: Position;
  readonly runId: string;
  /** Sequence in the stream of public events. */
  readonly sequence: number;
  /** Parsed on first use; `undefined` when its body is not what we know. */
  readonly event: RunEvent;
}

export interface FollowPublicEventsOptions {
  readonly signal: AbortSignal;
  /** First sequence wanted of the stream `EVENTS`; only new events by default. */
  readonly fromSequence?: number;
  /** Called once: everything recorded at or after this position of the log will be delivered. */
  readonly onStart?: (start: { readonly position: Position; readonly sequence: number }) => void;
}

export const followPublicEvents = (
  connection: LogConnection,
  options: FollowPublicEventsOptions,
): AsyncIterable<readonly PublicEvent[]> => notYet(connection, options);
