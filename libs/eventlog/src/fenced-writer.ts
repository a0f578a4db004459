import { type Position, type RunEvent } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { type Lease } from './lease.ts';
import { notYet } from './not-yet.ts';

export interface FencedWriter {
  /**
   * One commit with all events; resolves with the position of the first. Calls are sent in order. Unknown outcomes are repeated with the
   * same message id (it derives from the ids of the events) until the log answers or the writer is closed.
   *
   * @throws AppError `conflict` `lease.lost` when another leader took the lease: stand down. `unavailable` `log.full`.
   */
  readonly append: (subject: string, events: readonly RunEvent[]) => Promise<Position>;
  /** Refuses what is pending with `unavailable` `log.closed`. */
  readonly close: () => void;
}

export interface FencedWriterOptions {
  readonly shard: number;
  readonly lease: Lease;
}

export const makeFencedWriter = (connection: LogConnection, options: FencedWriterOptions): FencedWriter =>
  notYet(connection, options);
