/**
 * Destroys the keys of runs that are deleted after use: when their result was taken, the gateway has done so already; what is left here
 * was taken by nobody, or its gateway is gone. It looks at the keys that there are, so that nothing has to be remembered over a restart,
 * and nothing is done while there are none.
 *
 * I1 no key of an open run is destroyed: the fold has read the log to its end after the key was first seen, and a grace period later again.
 * I2 every other key is destroyed, at most a grace period and two rounds after its run ended; a restart grants the grace period again.
 */
import { type RunKeys } from '@millrace/eventlog';
import { type Clock, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';

/** How long a result waits for somebody to take it. Far longer than a request takes from its key to the log. */
export const DELETE_GRACE_MS: Milliseconds = 60 * SECOND;
const ROUND_MS: Milliseconds = 5 * SECOND;

export interface DeleteAfterUseDeps {
  readonly keys: Pick<RunKeys, 'list' | 'erase'>;
  /** Resolves once everything that the log holds now is folded. */
  readonly caughtUp: () => Promise<void>;
  readonly isOpen: (runId: string) => boolean;
  readonly graceMs: Milliseconds;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Logger;
}

/** One round after the other; the rounds remember when a key was first seen without its run being open. */
export const makeRound = ({ keys, caughtUp, isOpen, graceMs, clock, log }: DeleteAfterUseDeps) => {
  let idleSince = new Map<string, number>();
  return async (): Promise<void> => {
    const listed = await keys.list();
    if (listed.length > 0) await caughtUp();
    const now = clock.monotonic();
    const idle = listed.filter((runId) => !isOpen(runId));
    idleSince = new Map(idle.map((runId) => [runId, idleSince.get(runId) ?? now]));
    for (const [runId, since] of idleSince) {
      if (now - since < graceMs) continue;
      await keys.erase(runId);
      log.debug('deleted after use', { run_id: runId });
    }
  };
};

/** Returns how to stop. */
export const deleteAfterUse = (deps: DeleteAfterUseDeps): (() => void) => {
  const round = makeRound(deps);
  const roundMs = Math.min(ROUND_MS, deps.graceMs);
  let isOver = false;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => {
      round()
        .catch((error: unknown) => deps.log.warn('could not look for runs to delete', { err: error }))
        .finally(() => {
          if (!isOver) next();
        });
    }, roundMs);
  };
  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
};
