import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { type StreamAnchor } from './stream-anchor.ts';
import { makePuller } from './stream-puller.ts';

export interface FollowStreamOptions {
  readonly stream: string;
  readonly filters: readonly string[];
  readonly fromSequence: number;
  readonly anchor?: StreamAnchor | undefined;
  readonly signal: AbortSignal;
  /** `fail` by default. */
  readonly onRewind?: 'fail' | 'repeat';
  /** Messages per batch at most; 256 by default. */
  readonly maxBatch?: number;
}

const BATCH_MAX = 256;

/** Every message of a stream from a sequence on, in order, in batches of all that has arrived. Frees its consumer when it ends. */
export async function* followStream(
  connection: LogConnection,
  { stream, filters, fromSequence, anchor, signal, onRewind = 'fail', maxBatch = BATCH_MAX }: FollowStreamOptions,
): AsyncGenerator<readonly Delivered[], void, undefined> {
  let change = Promise.withResolvers<undefined>();
  const onChange = (): void => change.resolve(undefined);
  signal.addEventListener('abort', onChange);
  const puller = makePuller(connection, { stream, filters, fromSequence, anchor, onRewind, onChange });
  try {
    while (!signal.aborted) {
      const batch = puller.take(maxBatch);
      if (batch.length > 0) {
        yield batch;
        continue;
      }
      const failure = puller.failure();
      if (failure !== undefined) throw failure;
      await change.promise;
      change = Promise.withResolvers<undefined>();
    }
  } finally {
    signal.removeEventListener('abort', onChange);
    puller.close();
  }
}
