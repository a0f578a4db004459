import { attemptsAllowed, type EndpointHealth } from '@millrace/domain';
import { type Clock } from '@millrace/kernel';
import { IN_FLIGHT_MAX, TIMER_MAX_MS } from './limits.ts';

/** Who may try an endpoint, and when: at most {@link IN_FLIGHT_MAX} at once, none while it is left in peace. */
export interface Turns {
  /** Takes a turn if one is free now. `byHand`: somebody waits for it, so that the pause does not count. */
  readonly tryTake: (byHand?: boolean) => boolean;
  /** Waits for a turn; `false` when there was none in time. */
  readonly take: (timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Waits until a turn could be had. */
  readonly whenOpen: (signal: AbortSignal) => Promise<void>;
  readonly giveBack: () => void;
  readonly health: () => EndpointHealth;
  readonly setHealth: (health: EndpointHealth) => void;
  /** Whoever waits looks again: something has changed. */
  readonly look: () => void;
  /** Until something has changed, the pause is over, or time is up. */
  readonly wait: (timeoutMs: number, signal: AbortSignal) => Promise<void>;
}

export interface TurnsOptions {
  readonly clock: Clock;
  readonly health: EndpointHealth;
  /** Whether nothing new shall begin, whatever the health. */
  readonly isFull: () => boolean;
}

export const makeTurns = ({ clock, health: first, isFull }: TurnsOptions): Turns => {
  let health = first;
  let taken = 0;
  let change = Promise.withResolvers<undefined>();
  const look = (): void => {
    change.resolve(undefined);
    change = Promise.withResolvers();
  };
  const isFree = (): boolean => taken < attemptsAllowed(health, clock.now(), IN_FLIGHT_MAX);
  const tryTake = (byHand = false): boolean => {
    if (byHand ? taken >= IN_FLIGHT_MAX : !isFree()) return false;
    taken += 1;
    return true;
  };
  const wait = async (timeoutMs: number, signal: AbortSignal): Promise<void> => {
    const pause = health.pauseUntil - clock.now();
    const timer = setTimeout(look, Math.max(0, Math.min(pause > 0 ? pause : TIMER_MAX_MS, timeoutMs, TIMER_MAX_MS)));
    signal.addEventListener('abort', look, { once: true });
    await change.promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', look);
  };
  return {
    tryTake,
    take: async (timeoutMs, signal) => {
      const deadline = clock.monotonic() + timeoutMs;
      while (!signal.aborted) {
        if (tryTake()) return true;
        const left = deadline - clock.monotonic();
        if (left <= 0) return false;
        await wait(left, signal);
      }
      return false;
    },
    whenOpen: async (signal) => {
      while (!signal.aborted && (isFull() || !isFree())) await wait(TIMER_MAX_MS, signal);
    },
    giveBack: () => {
      taken -= 1;
      look();
    },
    health: () => health,
    setHealth: (next) => {
      health = next;
      look();
    },
    look,
    wait,
  };
};
