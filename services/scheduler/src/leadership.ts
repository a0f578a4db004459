/**
 * Who leads a shard. Whoever finds no leader takes the lease; the log lets one win, and refuses everything from the one before.
 *
 * A leader that is gone answers nobody, and no one listens on its subject: the first start leads at once. A leader that is stopped or slow is
 * waited for {@link LEADER_SILENCE_MAX_MS}. Taking the lease from a leader that lives is safe, only a waste.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messagingSubject } from '@millrace/contracts';
import { acquireLease, type Lease, type LogConnection, request } from '@millrace/eventlog';
import { AppError, kindOf, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';

/** Between two questions to the leader, and the longest wait for an answer. */
const QUESTION_INTERVAL_MS: Milliseconds = SECOND;
/** Silence of a leader after which another takes over. */
export const LEADER_SILENCE_MAX_MS: Milliseconds = 5 * SECOND;

export interface LeadershipOptions {
  readonly connection: LogConnection;
  readonly shard: number;
  /** Written into the lease. */
  readonly holder: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called each time another leader was found. */
  readonly onStandby: () => void;
}

type Answer = 'alive' | 'silent' | 'nobody';

const ask = async (connection: LogConnection, shard: number): Promise<Answer> => {
  try {
    await request(connection, messagingSubject.leader(shard), '', QUESTION_INTERVAL_MS);
    return 'alive';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'messaging.no_responders' ? 'nobody' : 'silent';
  }
};

const pause = async (signal: AbortSignal): Promise<void> => {
  await delay(QUESTION_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
};

/** Resolves when no leader is there, or the signal aborts. */
const standBy = async ({ connection, shard, log, signal, onStandby }: LeadershipOptions): Promise<void> => {
  let heardMs: number | undefined;
  const startMs = performance.now();
  while (!signal.aborted) {
    const answer = await ask(connection, shard);
    if (answer === 'alive') {
      if (heardMs === undefined) log.info('standing by: there is a leader');
      heardMs = performance.now();
      onStandby();
    } else {
      if (answer === 'nobody' && heardMs === undefined) return;
      if (performance.now() - (heardMs ?? startMs) >= LEADER_SILENCE_MAX_MS && connection.isConnected()) return;
    }
    await pause(signal);
  }
};

/** Stands by for as long as there is a leader, then takes the lease. `undefined` when the signal aborts first. */
export const awaitLease = async (options: LeadershipOptions): Promise<Lease | undefined> => {
  const { connection, shard, holder, log, signal } = options;
  for (;;) {
    await standBy(options);
    if (signal.aborted) return undefined;
    try {
      return await acquireLease(connection, { shard, holder });
    } catch (error) {
      if (kindOf(error) !== 'conflict' && kindOf(error) !== 'unavailable') throw error;
      log.warn('could not take the lease', { err: error });
      await pause(signal);
    }
  }
};
