/**
 * Starts a run for each instant of each declared schedule.
 *
 * I1 an instant starts one run at most: the fold knows the last instant of every schedule that fired, and what is on its way to the log counts
 *    as fired. The log takes it from nobody but the leader.
 * I2 instants before a schedule was in service, or before the log began, are nobody's business.
 * I3 the alarm of nats-server only says when to look; whoever looks decides by the log, the catalog and the clock.
 */
import { type CatalogEntry } from '@millrace/contracts';
import { planFiring, type SchedulerState } from '@millrace/domain';
import { type TriggerStates } from '@millrace/eventlog';
import { DAY, type Milliseconds } from '@millrace/kernel';
import { type AlarmQueue } from './alarm-queue.ts';
import { type DeclaredSchedule, declaredSchedules } from './declared-schedules.ts';
import { GRACE_MS } from './run-alarms.ts';

const PREFIX = 'cron.';
/** Alarms are set for no longer than this: the stream that keeps them forgets. */
const HORIZON_MS: Milliseconds = DAY;

export interface CronClockDeps {
  readonly state: Pick<SchedulerState, 'fired'>;
  readonly entries: () => Iterable<CatalogEntry>;
  readonly triggerStates: Pick<TriggerStates, 'get'>;
  readonly alarms: AlarmQueue;
  /** Nothing before this is due: when the log began, milliseconds since the epoch. */
  readonly logBeganMs: number;
  readonly now: () => number;
  readonly fire: (declared: DeclaredSchedule, instantMs: number) => void;
}

interface Watched extends DeclaredSchedule {
  /** When to look again, if no alarm rings before. */
  lookMs: number;
  /** For when its alarm was asked for. */
  alarmMs: number;
}

/** Whether both are due at the same instants. */
const isSame = (one: DeclaredSchedule, other: DeclaredSchedule): boolean =>
  one.trigger.cron === other.trigger.cron && one.trigger.timezone === other.trigger.timezone;

export class CronClock {
  readonly #deps: CronClockDeps;
  #watched = new Map<string, Watched>();
  /** On their way to the log. */
  readonly #firing = new Map<string, number>();

  constructor(deps: CronClockDeps) {
    this.#deps = deps;
    this.refresh();
  }

  /** Alarms rang. */
  onRing(names: readonly string[]): void {
    for (const name of names) {
      const declared = name.startsWith(PREFIX) ? this.#watched.get(name.slice(PREFIX.length)) : undefined;
      if (declared !== undefined) this.#look(declared);
    }
  }

  /** The catalog changed. */
  refresh(): void {
    this.#watched = new Map(Array.from(this.#declared(), ([key, declared]) => [key, this.#take(declared)]));
    for (const declared of this.#watched.values()) this.#look(declared);
  }

  /** Asks for every alarm again, because they may be lost. */
  armAgain(): void {
    for (const { key, alarmMs } of this.#watched.values()) this.#deps.alarms.push(`${PREFIX}${key}`, alarmMs);
  }

  /** Looks at what is due and was not rung for, and at triggers that were enabled or disabled. Call it about twice a second. */
  tick(): void {
    const declared = this.#declared();
    const isChanged =
      declared.size !== this.#watched.size || [...declared.keys()].some((key) => !this.#watched.has(key));
    if (isChanged) this.refresh();
    const nowMs = this.#deps.now();
    for (const watched of this.#watched.values()) if (watched.lookMs <= nowMs) this.#look(watched);
  }

  #declared(): ReadonlyMap<string, DeclaredSchedule> {
    return declaredSchedules(this.#deps.entries(), this.#deps.triggerStates);
  }

  /** A new version with the same schedule goes on where the one before was, so that no instant falls between them. */
  #take(declared: DeclaredSchedule): Watched {
    const before = this.#watched.get(declared.key);
    return before !== undefined && isSame(before, declared)
      ? { ...declared, sinceMs: Math.min(before.sinceMs, declared.sinceMs), lookMs: 0, alarmMs: before.alarmMs }
      : { ...declared, lookMs: 0, alarmMs: 0 };
  }

  #look(declared: Watched): void {
    const { state, alarms, logBeganMs, now, fire } = this.#deps;
    const { key, trigger, schedule, sinceMs } = declared;
    const nowMs = now();
    const firedMs = Math.max(state.fired.get(key) ?? 0, this.#firing.get(key) ?? 0);
    const baselineMs = Math.max(sinceMs, logBeganMs, firedMs);
    const { due, next } = planFiring({ schedule, catchUp: trigger.catchUp, baselineMs, nowMs });
    if (due !== undefined) {
      this.#firing.set(key, due);
      fire(declared, due);
    }
    const alarmMs = Math.min(next ?? Number.POSITIVE_INFINITY, nowMs + HORIZON_MS);
    declared.lookMs = alarmMs + GRACE_MS;
    // every deploy looks at all of them
    if (alarmMs === declared.alarmMs) return;
    declared.alarmMs = alarmMs;
    alarms.push(`${PREFIX}${key}`, alarmMs);
  }
}
