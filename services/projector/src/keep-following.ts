import { setTimeout as delay } from 'node:timers/promises';
import {
  AppError,
  backoffDelay,
  type ErrorKind,
  kindOf,
  messageOf,
  type Milliseconds,
  POLICY,
  SECOND,
} from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type LoopHealth } from './loop-health.ts';

export interface FollowingLoop {
  readonly name: string;
  readonly log: Logger;
  readonly health: LoopHealth;
  readonly signal: AbortSignal;
  /** Follows from where its effect stands until the signal aborts; throws to begin anew. Calls back after each step that worked. */
  readonly session: (onStep: () => void) => Promise<void>;
}

const RETRY = { first: 100, max: 2 * SECOND };
/** Somebody else does this work: wait until they may have gone. A single conflict may be our own past, a second one soon after is not. */
const STANDBY: Milliseconds = 3 * SECOND;
const SOON: Milliseconds = 10 * SECOND;

const makePause = () => {
  let conflictAt = -Infinity;
  return (kind: ErrorKind, failures: number): Milliseconds => {
    if (kind !== 'conflict') return backoffDelay(RETRY, failures);
    const isRepeated = performance.now() - conflictAt < SOON;
    conflictAt = performance.now();
    return isRepeated ? STANDBY : RETRY.first;
  };
};

const waitFor = async (ms: Milliseconds, signal: AbortSignal): Promise<void> => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
};

/**
 * Runs sessions one after the other until the signal aborts. Nothing ends the loop but the signal: what went wrong is shown by the health,
 * and the next session reads its position anew from where the effect is kept.
 */
export const keepFollowing = async ({ name, log, health, signal, session }: FollowingLoop): Promise<void> => {
  let failures = 0;
  const said = new Set<string>();
  const pauseFor = makePause();
  const onStep = (): void => {
    if (failures > 0) log.info(`${name} goes on`);
    failures = 0;
    said.clear();
    health.well();
  };
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      await session(onStep);
    } catch (error) {
      if (isOver()) return;
      failures += 1;
      const kind = kindOf(error);
      health.ill(messageOf(error));
      // An outage is one line for each thing that is wrong, however long it lasts.
      const code = error instanceof AppError ? error.code : '';
      if (!said.has(code)) log[POLICY[kind].log](`${name} stopped: ${messageOf(error)}`, { err: error });
      said.add(code);
      await waitFor(pauseFor(kind, failures), signal);
    }
  }
};
