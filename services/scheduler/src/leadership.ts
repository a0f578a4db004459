/**
 * Who leads a shard. Whoever finds no leader takes the lease; the log lets one win, and refuses everything from the one before.
 *
 * A leader that is gone answers nobody, and no one listens on its subject: the first start leads at once, and who stands by after it heard the
 * same {@link ABSENCES_MAX} times, because a leader that lost its connection for a moment is not there either. A leader that is stopped or
 * slow is waited for {@link LEADER_SILENCE_MAX_MS}. Taking the lease from a leader that lives is safe, only a waste.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messagingSubject } from '@millrace/contracts';
import { acquireLease, type Lease, type LogConnection, request } from '@millrace/eventlog';
import { AppError, kindOf, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';

/** Between two questions to the leader. */
const QUESTION_INTERVAL_MS: Milliseconds = SECOND / 2;
/** The longest wait for an answer. */
const ANSWER_MAX_MS: Milliseconds = SECOND;
/** Silence of a leader after which another takes over. */
export const LEADER_SILENCE_MAX_MS: Milliseconds = 3 * SECOND;
/** How often in a row nobody may listen before another takes over. */
export const ABSENCES_MAX = 3;

/** How often a leader that nobody replaces is waited for by who leads his share already: others come first. */
const PATIENCE_MS: Milliseconds = 4 * SECOND;

/** What a process may lead of several shards. */
export interface LeaseShare {
  /** Whether it may take the lease of one more; then it counts as led. */
  readonly tryTake: () => boolean;
  /** Takes it all the same: nobody else did. */
  readonly takeBeyond: () => void;
  /** It was not taken after all. */
  readonly release: () => void;
}

/** Where there is one shard everyone may lead it. */
const NO_SHARE: LeaseShare = { tryTake: () => true, takeBeyond: () => undefined, release: () => undefined };

export interface LeadershipOptions {
  readonly share?: LeaseShare;
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
    await request(connection, messagingSubject.leader(shard), '', ANSWER_MAX_MS);
    return 'alive';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'messaging.no_responders' ? 'nobody' : 'silent';
  }
};

const pause = async (signal: AbortSignal): Promise<void> => {
  await delay(QUESTION_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
};

/** What was heard of a leader. */
class Hearing {
  #heardMs: number | undefined;
  #sinceMs = performance.now();
  #absences = 0;

  get wasHeard(): boolean {
    return this.#heardMs !== undefined;
  }

  note(answer: Answer): void {
    this.#absences = answer === 'nobody' ? this.#absences + 1 : 0;
    if (answer === 'alive') this.#heardMs = performance.now();
  }

  /** Whether there is no leader, as far as one can hear. */
  isOver(): boolean {
    if (this.#absences >= (this.wasHeard ? ABSENCES_MAX : 1)) return true;
    return performance.now() - (this.#heardMs ?? this.#sinceMs) >= LEADER_SILENCE_MAX_MS;
  }
}

/** Whether a lease that is free may be taken now: at once within the share, beyond it when nobody else took it for a while. */
const makeMayTake = ({ tryTake, takeBeyond }: LeaseShare) => {
  let freeSinceMs: number | undefined;
  return (isFree: boolean): boolean => {
    if (!isFree) {
      freeSinceMs = undefined;
      return false;
    }
    if (tryTake()) return true;
    freeSinceMs ??= performance.now();
    if (performance.now() - freeSinceMs < PATIENCE_MS) return false;
    takeBeyond();
    return true;
  };
};

/** Resolves when no leader is there and the lease may be taken, or the signal aborts. */
const standBy = async (options: LeadershipOptions): Promise<void> => {
  const { connection, shard, log, signal, onStandby, share = NO_SHARE } = options;
  const hearing = new Hearing();
  const mayTake = makeMayTake(share);
  while (!signal.aborted) {
    const answer = await ask(connection, shard);
    if (answer === 'alive') {
      if (!hearing.wasHeard) log.info('standing by: there is a leader');
      onStandby();
    }
    hearing.note(answer);
    if (mayTake(connection.isConnected() && hearing.isOver())) return;
    await pause(signal);
  }
};

/** Stands by for as long as there is a leader, then takes the lease. `undefined` when the signal aborts first. */
export const awaitLease = async (options: LeadershipOptions): Promise<Lease | undefined> => {
  const { connection, shard, holder, log, signal, share = NO_SHARE } = options;
  for (;;) {
    await standBy(options);
    if (signal.aborted) return undefined;
    try {
      return await acquireLease(connection, { shard, holder });
    } catch (error) {
      share.release();
      if (kindOf(error) !== 'conflict' && kindOf(error) !== 'unavailable') throw error;
      log.warn('could not take the lease', { err: error });
      await pause(signal);
    }
  }
};
