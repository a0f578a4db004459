/**
 * Wakes the runs that wait for a time. nats-server keeps an alarm for each of them (a message schedule); the state knows by itself when each
 * is due, so an alarm that got lost makes its run a little late and nothing else.
 *
 * I1 every run that sleeps has an alarm, or is in line to get one, or is woken by `tick` {@link GRACE_MS} after its time.
 * I2 nothing is recorded when a run wakes: who leads next finds it asleep and due, and wakes it as well.
 */
import { type Alarm, takeAlarms, wakeDue, wakeRun, type SchedulerState } from '@millrace/domain';
import { type Schedules } from '@millrace/eventlog';
import { type Milliseconds, SECOND } from '@millrace/kernel';
import { type AlarmQueue } from './alarm-queue.ts';

/** nats-server rings up to half a second late; after this an alarm counts as lost. */
export const GRACE_MS: Milliseconds = SECOND;
const PREFIX = 'run.';

export const runAlarmName = ({ runId, attempt }: Pick<Alarm, 'runId' | 'attempt'>): string =>
  `${PREFIX}${runId}.${attempt}`;

const parseName = (name: string): Pick<Alarm, 'runId' | 'attempt'> | undefined => {
  const [runId, attempt] = name.slice(PREFIX.length).split('.');
  return name.startsWith(PREFIX) && runId !== undefined ? { runId, attempt: Number(attempt) } : undefined;
};

export interface RunAlarmsDeps {
  readonly state: SchedulerState;
  readonly alarms: AlarmQueue;
}

export interface RunAlarms {
  /** Alarms rang; true when that woke somebody. */
  readonly onRing: (names: readonly string[]) => boolean;
  /** Asks for the alarms of those who fell asleep. Call it after everything that changed the state. */
  readonly arm: () => void;
  /** Asks again for everybody's, because they may be lost. @param armed Names of those that are known to be there. */
  readonly armAgain: (armed: Awaited<ReturnType<Schedules['armed']>>) => void;
  /** Wakes who should have been woken; how many. Call it about twice a second. */
  readonly tick: (nowMs: number) => number;
}

export const makeRunAlarms = ({ state, alarms }: RunAlarmsDeps): RunAlarms => {
  const arm = (alarm: Alarm): void => alarms.push(runAlarmName(alarm), alarm.dueMs);
  return {
    onRing: (names) => {
      let hasWoken = false;
      for (const name of names) {
        const alarm = parseName(name);
        if (alarm !== undefined && wakeRun(state, alarm)) hasWoken = true;
      }
      return hasWoken;
    },
    arm: () => {
      for (const alarm of takeAlarms(state)) arm(alarm);
    },
    armAgain: (armed) => {
      for (const run of state.sleepers.all()) state.unarmed.add(run);
      for (const alarm of takeAlarms(state)) if (!armed.has(runAlarmName(alarm))) arm(alarm);
    },
    tick: (nowMs) => wakeDue(state, nowMs - GRACE_MS),
  };
};
