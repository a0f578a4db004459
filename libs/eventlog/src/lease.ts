import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

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

/**
 * Takes the lease, whoever held it. The caller decides when that is right (no leader answers).
 *
 * @throws AppError `conflict` `lease.lost` when somebody else took it at the same moment, `unavailable` when the log is away.
 */
export const acquireLease = async (connection: LogConnection, options: LeaseOptions): Promise<Lease> =>
  notYet(connection, options);
