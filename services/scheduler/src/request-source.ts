import { setTimeout as delay } from 'node:timers/promises';
import { type Position, type RunRequested } from '@millrace/contracts';
import { kindOf, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type RequestStore } from './request-store.ts';

/** Pause before the log is asked again for a request. */
const RELOAD_DELAY_MS: Milliseconds = SECOND;

interface RunAt {
  readonly runId: string;
  /** Where `run.requested` stands in the log. */
  readonly position: Position;
}

/** Lends the request of a run, now or later; `undefined` when the log holds it no more. */
export type WithRequest = (run: RunAt, use: (request: RunRequested | undefined) => void) => void;

export interface RequestSourceOptions {
  readonly requests: RequestStore;
  readonly log: Logger;
  /** Ends the asking; then nothing is lent any more. */
  readonly signal: AbortSignal;
  readonly onDefect: (error: unknown) => void;
  /** Something was lent later than it was asked for. */
  readonly onLate: () => void;
}

/** Lends at once what is kept, and the rest as soon as the log gave it back, however long it is away. */
export const makeRequestSource = ({ requests, log, signal, onDefect, onLate }: RequestSourceOptions): WithRequest => {
  const load = async ({ runId, position }: RunAt): Promise<RunRequested | undefined> => {
    for (;;) {
      try {
        return await requests.load(runId, position);
      } catch (error) {
        if (kindOf(error) !== 'unavailable') throw error;
        log.warn('could not read a request back from the log', { run_id: runId, err: error });
        await delay(RELOAD_DELAY_MS, undefined, { signal });
      }
    }
  };
  return (run, use) => {
    const kept = requests.find(run.runId);
    if (kept !== undefined) {
      use(kept);
      return;
    }
    load(run)
      .then((request) => {
        if (signal.aborted) return;
        use(request);
        onLate();
      })
      .catch((error: unknown) => {
        if (!signal.aborted) onDefect(error);
      });
  };
};
