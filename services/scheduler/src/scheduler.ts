/**
 * Reads the log from its beginning, stands by while another leads, then leads until it is stopped or deposed.
 *
 * ```
 * catching up ──► standing by ──► taking over ──► leading ──► (ends)
 *                      ▲               │ lost the race
 *                      └───────────────┘
 * ```
 */
import { SchedulerState } from '@millrace/domain';
import { follow, logBounds, type LogConnection, logFill, readCommit } from '@millrace/eventlog';
import { type Clock } from '@millrace/kernel';
import { type HealthReport, type Logger, type Metrics, type Telemetry } from '@millrace/runtime';
import { lead, type Leader } from './leader.ts';
import { awaitLease } from './leadership.ts';
import { type LogFold, makeLogFold } from './log-fold.ts';
import { isRoomy, type LogRoom, makeLogRoom } from './log-room.ts';
import { makeRequestStore, type RequestStore } from './request-store.ts';
import { makeSchedulerMetrics, type SchedulerMetrics } from './scheduler-metrics.ts';

/** Commits that are folded before anything else gets its turn; a commit holds up to 256 events. */
const BATCH_COMMITS_MAX = 64;

export interface SchedulerOptions {
  readonly connection: LogConnection;
  readonly shard: number;
  /** Random; names this process in the lease and in its events. */
  readonly instance: string;
  readonly concurrentRunsMax: number;
  /** How long the result of a run that is deleted after use waits for somebody to take it. */
  readonly deleteGraceMs: number;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** It can go on no longer: `conflict` `lease.lost` when another leads, else the log or a defect. */
  readonly onEnd: (error: unknown) => void;
}

export interface Scheduler {
  /** Settles when it leads, or stands by with everything read. */
  readonly ready: Promise<void>;
  readonly health: () => HealthReport;
  /** Stops leading. */
  readonly close: () => void;
}

type Phase = 'catching up' | 'standing by' | 'leading';

class RunningScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #state: SchedulerState;
  readonly #requests: RequestStore;
  readonly #fold: LogFold;
  readonly #room: LogRoom;
  readonly #metrics: SchedulerMetrics;
  readonly #ready = Promise.withResolvers<undefined>();
  #phase: Phase = 'catching up';
  #leader: Leader | undefined;

  constructor(options: SchedulerOptions) {
    const { connection, shard, concurrentRunsMax } = options;
    this.#options = options;
    this.#state = new SchedulerState({ concurrentRunsMax });
    this.#requests = makeRequestStore((sequence) => readCommit(connection, shard, sequence));
    this.#room = makeLogRoom(concurrentRunsMax);
    const { onCommit } = this.#room;
    this.#fold = makeLogFold({ ...options, state: this.#state, requests: this.#requests, onCommit });
    this.#metrics = makeSchedulerMetrics(options.metrics, {
      state: this.#state,
      position: this.#fold.position,
      leaseSequence: () => this.#leader?.leaseSequence() ?? 0,
      keptBytes: this.#requests.keptBytes,
    });
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  start(): void {
    Promise.all([this.#read(), this.#rule()]).catch((error: unknown) => {
      this.#ready.reject(error);
      this.#end(error);
    });
  }

  health(): HealthReport {
    const isConnected = this.#options.connection.isConnected();
    const isSure = this.#phase !== 'leading' || this.#leader?.isTrusted() === true;
    const isInPlace = this.#phase !== 'catching up' && isSure;
    return {
      ready: isConnected && isInPlace,
      dependencies: {
        nats: { ok: isConnected },
        scheduler: { ok: isInPlace, detail: isSure ? this.#phase : 'in doubt whether it leads' },
      },
    };
  }

  close(): void {
    this.#leader?.close();
  }

  async #read(): Promise<void> {
    const { connection, shard, signal } = this.#options;
    const batches = follow(connection, { shard, fromSequence: 1, signal, maxBatch: BATCH_COMMITS_MAX });
    for await (const batch of batches) this.#fold.apply(batch);
  }

  async #rule(): Promise<void> {
    const { instance, log } = this.#options;
    await this.#catchUp();
    const lease = await awaitLease({
      ...this.#options,
      holder: instance,
      onStandby: () => this.#become('standing by'),
    });
    if (lease === undefined) return;
    await this.#fold.reached(lease.sequence);
    await this.#measureRoom();
    const { waiting, holdings } = this.#state;
    log.info('leading', { lease: lease.sequence, waiting, running: holdings.size });
    this.#leader = lead(
      {
        ...this.#options,
        state: this.#state,
        requests: this.#requests,
        fold: this.#fold,
        room: this.#room,
        metrics: this.#metrics,
        onDeposed: (error) => this.#end(error),
      },
      lease,
    );
    this.#become('leading');
  }

  async #catchUp(): Promise<void> {
    const { connection, shard, clock, log } = this.#options;
    const startMs = clock.monotonic();
    const { first, last } = await logBounds(connection, shard);
    if (first <= last) await this.#fold.reached(last);
    const ms = Math.round(clock.monotonic() - startMs);
    log.info('read the log', { position: this.#fold.position(), waiting: this.#state.waiting, ms });
  }

  /** Before the first decision, so that a full log is known to be full. */
  async #measureRoom(): Promise<void> {
    const { connection, shard, log } = this.#options;
    this.#room.onFill(await logFill(connection, shard));
    const rules = this.#room.rules();
    if (isRoomy(rules)) return;
    log.warn('the log is small for so many runs at a time: when it is full, very large results may have to wait', {
      max_bytes: rules.maxBytes,
      concurrent_runs_max: rules.concurrentRunsMax,
    });
  }

  #become(phase: Phase): void {
    this.#phase = phase;
    this.#ready.resolve(undefined);
  }

  #end(error: unknown): void {
    this.close();
    if (!this.#options.signal.aborted) this.#options.onEnd(error);
  }
}

/** Starts reading at once. */
export const startScheduler = (options: SchedulerOptions): Scheduler => {
  const scheduler = new RunningScheduler(options);
  scheduler.start();
  return scheduler;
};
