import { setTimeout as delay } from 'node:timers/promises';
import { messagingSubject } from '@millrace/contracts';
import { type LogConnection, subscribe } from '@millrace/eventlog';
import { type Projection, projectedPosition, type ReadModel } from '@millrace/read-model';

/** How often the position is read while somebody waits and no hint comes. */
const POLL_MS = 50;

/** Tells when the projector has passed a place. */
export interface ProjectionWatch {
  /**
   * Resolves with whether everything up to `sequence` is in the read model within `timeoutMs`.
   *
   * @throws AppError `unavailable` when Postgres is away.
   */
  readonly passes: (projection: Projection, sequence: number, timeoutMs: number) => Promise<boolean>;
  readonly close: () => void;
}

export interface ProjectionWatchDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
}

export const makeProjectionWatch = ({ connection, readModel, shard }: ProjectionWatchDeps): ProjectionWatch => {
  let hint = Promise.withResolvers<undefined>();

  // The content is only a hint that something moved: the position that counts is the one in Postgres, now. One that was seen before may be
  // another log's: it falls when the read models are rebuilt.
  const listening = subscribe(connection, messagingSubject.projected(shard), () => {
    hint.resolve(undefined);
    hint = Promise.withResolvers<undefined>();
  });

  return {
    passes: async (projection, sequence, timeoutMs) => {
      if (sequence <= 0) return true;
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const moved = hint.promise;
        if ((await projectedPosition(readModel, shard, projection)) >= sequence) return true;
        if (performance.now() >= deadline) return false;
        await Promise.race([moved, delay(POLL_MS)]);
      }
    },
    close: () => listening.close(),
  };
};
