import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

export interface TopologyOptions {
  readonly shard?: number;
  readonly logMaxBytes?: number;
  readonly logMaxAgeMs?: number;
}

/** Creates what is missing and changes what differs: streams, buckets and the object store. Safe to repeat and to run at the same time. */
export const ensureTopology = async (connection: LogConnection, options: TopologyOptions = {}): Promise<void> =>
  notYet(connection, options);
