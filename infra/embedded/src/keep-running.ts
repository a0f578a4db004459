import { setTimeout as delay } from 'node:timers/promises';
import { backoffDelay, messageOf } from '@millrace/kernel';
import { type ServerProcess } from '@millrace/runtime';
import { type ExitStatus } from './bound-process.ts';
import { type OnPlatformEvent } from './platform-events.ts';

/** One start of a process. */
export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  /** In order, within the process's own time limit, then by force. */
  readonly stop: () => Promise<unknown>;
  readonly kill: () => void;
}

export interface KeptProcess<Running extends RunningProcess> {
  readonly name: ServerProcess;
  /** The start that runs now; the last one while there is none. */
  readonly current: () => Running;
  /** Ends it in order and starts it again. */
  readonly restart: () => Promise<void>;
  /** Ends it for good. Safe to repeat. */
  readonly stop: () => Promise<void>;
  readonly kill: () => void;
}

export interface KeepRunningOptions<Running extends RunningProcess> {
  readonly name: ServerProcess;
  /** @param previous what ran before; its ports are to be taken again */
  readonly start: (previous: Running | undefined) => Promise<Running>;
  readonly onEvent: OnPlatformEvent;
  /** `undefined` when it has ended. */
  readonly onPid: (pid: number | undefined) => void;
}

const BACKOFF = { first: 100, max: 5_000 };
/** Whoever ran this long has recovered: the next end is a new story. */
const STEADY_MS = 10_000;

interface Supervision<Running extends RunningProcess> {
  readonly options: KeepRunningOptions<Running>;
  readonly ending: AbortSignal;
  current: Running;
  /** Settled by the next start; its end was asked for and is no news. */
  restart: { readonly done: Promise<void>; readonly resolve: () => void } | undefined;
}

const isWanted = ({ ending }: { readonly ending: AbortSignal }): boolean => !ending.aborted;

const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);

/** Tries until it runs or is not wanted any more; returns the number of failures in a row. */
const startAgain = async <Running extends RunningProcess>(
  supervision: Supervision<Running>,
  failuresBefore: number,
): Promise<number> => {
  const { options, ending } = supervision;
  const { name, start, onEvent, onPid } = options;
  const endedAt = performance.now();
  let failures = failuresBefore;
  await pause(backoffDelay(BACKOFF, failures), ending);
  while (isWanted(supervision)) {
    try {
      supervision.current = await start(supervision.current);
      onPid(supervision.current.pid);
      const afterMs = Math.round(performance.now() - endedAt);
      onEvent({ type: 'restarted', name, pid: supervision.current.pid, afterMs });
      break;
    } catch (error) {
      if (!isWanted(supervision)) break;
      failures += 1;
      const retryInMs = backoffDelay(BACKOFF, failures);
      onEvent({ type: 'restart-failed', name, reason: messageOf(error), retryInMs });
      await pause(retryInMs, ending);
    }
  }
  return failures;
};

const supervise = async <Running extends RunningProcess>(supervision: Supervision<Running>): Promise<void> => {
  const { name, onEvent, onPid } = supervision.options;
  let failures = 0;
  while (isWanted(supervision)) {
    const startedAt = performance.now();
    const status = await supervision.current.exited;
    onPid(undefined);
    if (!isWanted(supervision)) return;
    const { restart } = supervision;
    const wasSteady = performance.now() - startedAt > STEADY_MS;
    failures = wasSteady || restart !== undefined ? 1 : failures + 1;
    if (restart === undefined) onEvent({ type: 'died', name, status, retryInMs: backoffDelay(BACKOFF, failures) });
    failures = await startAgain(supervision, failures);
    supervision.restart = undefined;
    restart?.resolve();
  }
};

/**
 * Starts a process and starts it again whenever it ends, after a delay that grows from 100 ms to 5 s while it does not stay.
 *
 * @throws what the first start throws.
 */
export const keepRunning = async <Running extends RunningProcess>(
  options: KeepRunningOptions<Running>,
): Promise<KeptProcess<Running>> => {
  const { name, start, onEvent, onPid } = options;
  const stopping = new AbortController();
  const current = await start(undefined);
  onPid(current.pid);
  onEvent({ type: 'started', name, pid: current.pid });
  const supervision: Supervision<Running> = { options, ending: stopping.signal, current, restart: undefined };
  const supervised = supervise(supervision);
  return {
    name,
    current: () => supervision.current,
    restart: async () => {
      if (supervision.restart === undefined) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        supervision.restart = { done: promise, resolve: () => resolve(undefined) };
      }
      const { done } = supervision.restart;
      await supervision.current.stop();
      await done;
    },
    stop: async () => {
      stopping.abort();
      await supervision.current.stop();
      await supervised;
      // A start that was under way when we asked has made another one meanwhile.
      await supervision.current.stop();
    },
    kill: () => {
      stopping.abort();
      supervision.current.kill();
    },
  };
};
