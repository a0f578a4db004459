import { type Schedules } from '@millrace/eventlog';

/** Alarms that are being asked for at the same time. */
const IN_FLIGHT_MAX = 64;

export interface AlarmQueue {
  /** Has an alarm set; a later one of the same name replaces it. */
  readonly push: (name: string, dueMs: number) => void;
  readonly close: () => void;
}

/**
 * Sets alarms, a bounded number at a time.
 *
 * @param onFailed an alarm could not be set, and everything that waits in line was given up: whoever needs it asks again
 */
export const makeAlarmQueue = (schedules: Pick<Schedules, 'arm'>, onFailed: (error: unknown) => void): AlarmQueue => {
  const waiting = new Map<string, number>();
  const inFlight = new Set<string>();
  let isClosed = false;

  const send = (name: string, dueMs: number): void => {
    inFlight.add(name);
    schedules
      .arm(name, dueMs)
      .catch((error: unknown) => {
        if (isClosed) return;
        waiting.clear();
        onFailed(error);
      })
      .finally(() => {
        inFlight.delete(name);
        pump();
      });
  };

  const pump = (): void => {
    for (const [name, dueMs] of waiting) {
      if (inFlight.size >= IN_FLIGHT_MAX) return;
      if (inFlight.has(name)) continue; // one after the other, or the older one could come last
      waiting.delete(name);
      send(name, dueMs);
    }
  };

  return {
    push: (name, dueMs) => {
      if (isClosed) return;
      waiting.set(name, dueMs);
      pump();
    },
    close: () => {
      isClosed = true;
      waiting.clear();
    },
  };
};
