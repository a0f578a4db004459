import { setTimeout as delay } from 'node:timers/promises';
import { kindOf, type Milliseconds } from '@millrace/kernel';
import { Session, type SessionDeps } from './session.ts';

/** Before the next session when one could not begin or was fenced. */
const PAUSE_MS: Milliseconds = 200;

export interface Sessions {
  readonly running: () => number;
  readonly isLeased: () => boolean;
  /** Ends the current session in order; no other follows. */
  readonly drain: () => Promise<void>;
}

export interface SessionsOptions extends Omit<SessionDeps, 'executor'> {
  /** A new executor id. */
  readonly newId: () => string;
  /** What can never be lived with. */
  readonly onFatal: (error: unknown) => void;
}

/** Session after session until the service ends: whoever was fenced comes back under another name. */
export const runSessions = ({ newId, onFatal, ...deps }: SessionsOptions): Sessions => {
  let current: Session | undefined;
  const draining = new AbortController();

  const runOne = async (): Promise<void> => {
    current = new Session({ ...deps, executor: newId() });
    try {
      await current.run();
    } catch (error) {
      if (kindOf(error) !== 'unavailable') throw error;
      deps.log.warn('session could not begin', { err: error });
    }
  };
  const run = async (): Promise<void> => {
    while (!draining.signal.aborted) {
      await runOne();
      await delay(PAUSE_MS, undefined, { signal: draining.signal }).catch(() => undefined); // ends early to drain
    }
  };
  const ended = run().catch(onFatal);
  return {
    running: () => current?.running ?? 0,
    isLeased: () => current?.isLeased ?? false,
    drain: async () => {
      draining.abort();
      await current?.drain();
      await ended;
    },
  };
};
