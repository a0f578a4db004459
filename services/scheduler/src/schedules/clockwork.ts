/**
 * Everything that happens because time passes, for as long as this process leads: runs that sleep, and declared schedules. The alarms are
 * kept by nats-server; when they cannot be set, their stream is made anew and all of them are asked for again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type CatalogEntry, type Ring, shardOfWorkflow } from '@millrace/contracts';
import { type SchedulerState } from '@millrace/domain';
import {
  type Catalog,
  ensureSchedules,
  type LogConnection,
  openCatalog,
  openSchedules,
  openTriggerStates,
  type Schedules,
  type TriggerStates,
} from '@millrace/eventlog';
import { type Clock, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type AlarmQueue, makeAlarmQueue } from './alarm-queue.ts';
import { CronClock } from './cron-clock.ts';
import { type DeclaredSchedule } from './declared-schedules.ts';
import { makeRunAlarms, type RunAlarms } from './run-alarms.ts';

/** Pause before alarms are asked for again after they were refused. */
const REPAIR_DELAY_MS: Milliseconds = SECOND;
/** A deploy of many workflows is looked at once. */
const SETTLE_MS: Milliseconds = 50;

export interface ClockworkDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly ring: Ring;
  readonly state: SchedulerState;
  readonly clock: Clock;
  readonly log: Logger;
  /** When the log began, milliseconds since the epoch. */
  readonly logBeganMs: number;
  readonly fire: (declared: DeclaredSchedule, instantMs: number) => void;
  /** Somebody woke up: there may be something to dispatch. */
  readonly onWoken: () => void;
}

interface CatalogParts {
  readonly catalog: Catalog;
  readonly triggerStates: TriggerStates;
}

const watchCatalog = ({ connection, log }: ClockworkDeps, onReady: (parts: CatalogParts) => void) => {
  const catalog = openCatalog(connection);
  const triggerStates = openTriggerStates(connection);
  Promise.all([catalog.ready, triggerStates.ready]).then(
    () => onReady({ catalog, triggerStates }),
    (error: unknown) => log.warn('the schedules of workflows cannot be read', { err: error }),
  );
  return () => void Promise.all([catalog.close(), triggerStates.close()]).catch(() => undefined);
};

export class Clockwork {
  readonly #deps: ClockworkDeps;
  readonly #schedules: Schedules;
  readonly #over = new AbortController();
  readonly #alarms: AlarmQueue;
  readonly #runs: RunAlarms;
  readonly #closeCatalog: () => void;
  #cron: CronClock | undefined;
  #settling: NodeJS.Timeout | undefined;
  #isRepairing = false;

  constructor(deps: ClockworkDeps) {
    this.#deps = deps;
    this.#schedules = openSchedules(deps.connection, deps.shard);
    this.#alarms = makeAlarmQueue(this.#schedules, (error) => void this.#repair(error));
    this.#runs = makeRunAlarms({ state: deps.state, alarms: this.#alarms });
    this.#closeCatalog = watchCatalog(deps, (parts) => this.#follow(parts));
    void this.#keepListening();
  }

  /** Call it after everything that changed the state. */
  onChange(): void {
    this.#runs.arm();
  }

  /** Call it about twice a second. */
  tick(): void {
    this.#cron?.tick();
    if (this.#runs.tick(this.#deps.clock.now()) > 0) this.#deps.onWoken();
  }

  close(): void {
    this.#over.abort();
    clearTimeout(this.#settling);
    this.#alarms.close();
    this.#closeCatalog();
  }

  #follow({ catalog, triggerStates }: CatalogParts): void {
    const { clock, shard, ring } = this.#deps;
    // The schedules of a workflow are its shard's: else each would start the run.
    const isOurs = ({ workspace, path }: CatalogEntry): boolean =>
      shardOfWorkflow(workspace, path, ring.shards) === shard;
    if (this.#over.signal.aborted) return;
    const cron = new CronClock({
      ...this.#deps,
      alarms: this.#alarms,
      triggerStates,
      entries: () => [...catalog.entries().values()].filter(isOurs),
      now: () => clock.now(),
    });
    this.#cron = cron;
    catalog.onChange(() => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => cron.refresh(), SETTLE_MS);
    });
  }

  async #keepListening(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#listen().catch((error: unknown) => this.#deps.log.warn('alarms cannot be heard', { err: error }));
      await this.#pause();
    }
  }

  async #listen(): Promise<void> {
    const { connection, shard, onWoken } = this.#deps;
    await ensureSchedules(connection, shard);
    const onStart = (): void => {
      this.#schedules.armed().then(this.#runs.armAgain, (error: unknown) => void this.#repair(error));
    };
    for await (const names of this.#schedules.follow({ signal: this.#over.signal, onStart })) {
      this.#cron?.onRing(names);
      if (this.#runs.onRing(names)) onWoken();
    }
  }

  /** Alarms cannot be set: the stream may be gone, or nats-server away. */
  async #repair(error: unknown): Promise<void> {
    if (this.#isRepairing) return;
    this.#isRepairing = true;
    this.#deps.log.warn('alarms cannot be set', { err: error });
    let isDone = false;
    while (!isDone && !this.#over.signal.aborted) {
      await this.#pause();
      isDone = await this.#armAgain();
    }
    this.#isRepairing = false;
  }

  async #armAgain(): Promise<boolean> {
    const { connection, shard, log } = this.#deps;
    try {
      await ensureSchedules(connection, shard);
      this.#runs.armAgain(await this.#schedules.armed());
      this.#cron?.armAgain();
      return true;
    } catch (failure) {
      log.debug('alarms cannot be set yet', { err: failure });
      return false;
    }
  }

  async #pause(): Promise<void> {
    await delay(REPAIR_DELAY_MS, undefined, { signal: this.#over.signal }).catch(() => undefined);
  }
}
