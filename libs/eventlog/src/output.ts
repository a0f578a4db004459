import { type OutputChunk } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { type Bounds } from './read-commit.ts';
import { notYet } from './not-yet.ts';

export interface OutputWriter {
  /** Never waits and never throws; beyond the bound the oldest chunks that were not sent are dropped and counted. */
  readonly append: (chunk: OutputChunk) => void;
  /** Resolves once everything appended before is stored or given up. */
  readonly flush: () => Promise<void>;
  /** Chunks given up. */
  readonly dropped: () => number;
  readonly close: () => Promise<void>;
}

export const makeOutputWriter = (connection: LogConnection, options: { readonly shard: number }): OutputWriter =>
  notYet(connection, options);

/** Chunks of many runs that were stored as one message. */
export interface OutputPack {
  readonly sequence: number;
  readonly chunks: readonly OutputChunk[];
}

export interface FollowOutputOptions {
  readonly shard: number;
  readonly fromSequence: number;
  readonly signal: AbortSignal;
}

export const followOutput = (
  connection: LogConnection,
  options: FollowOutputOptions,
): AsyncIterable<readonly OutputPack[]> => notYet(connection, options);

/** Bounds of the output stream. */
export const outputBounds = async (connection: LogConnection, shard: number): Promise<Bounds> =>
  notYet(connection, shard);
