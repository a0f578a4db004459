/**
 * Reads the log from the last snapshot on, stands by while another leads, then leads until it is stopped or deposed.
 *
 * ```
 * catching up ──► standing by ──► taking over ──► leading ──► (ends)
 *                      ▲               │ lost the race
 *                      └───────────────┘
 * ```
 */
import { type SchedulerState } from '@millrace/domain';
import { follow, logBounds, type LogConnection, logFill, readCommit, type StreamAnchor } from '@millrace/eventlog';
import { type Clock } from '@millrace/kernel';
import { type HealthReport, type Logger, type Telemetry } from '@millrace/runtime';
import { type Ring } from '@millrace/contracts';
import { lead, type Leader } from './leader.ts';
import { awaitLease, type LeaseShare } from './leadership.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { type LogFold, makeLogFold } from './log-fold.ts';
import { isRoomy, type LogRoom, makeLogRoom } from './log-room.ts';
import { makeRequestStore, type RequestStore } from './request-store.ts';
import { type MetricsOfShard, type SchedulerMetrics } from './scheduler-metrics.ts';

/** Commits that are folded before anything else gets its turn; a commit holds up to 256 events. */
const BATCH_COMMITS_MAX = 64;

export interface SchedulerOptions {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly ring: Ring;
  /** What it may lead, where there are others who lead their share. */
  readonly share?: LeaseShare;
  /** Random; names this process in the lease and in its events. */
  readonly instance: string;
  /** The share of the shard in what the server may run. */
  readonly concurrentRunsMax: number;
  /** How long the result of a run that is deleted after use waits for somebody to take it. */
  readonly deleteGraceMs: number;
  readonly snapshotIntervalMs: number;
  readonly telemetry: Telemetry;
  readonly metricsOf: MetricsOfShard;
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
  readonly isLeading: () => boolean;
  /** Stops leading. */
  readonly close: () => void;
  /** Settles when it does nothing any more, because its signal aborted or something failed. */
  readonly over: Promise<void>;
}

type Phase = 'catching up' | 'standing by' | 'leading';

/** What was read so far. */
interface Reading {
  readonly begin: StreamAnchor;
  readonly state: SchedulerState;
  readonly requests: RequestStore;
  readonly fold: LogFold;
  readonly room: LogRoom;
}

const beginReading = async (options: SchedulerOptions): Promise<Reading> => {
  const { connection, shard, concurrentRunsMax } = options;
  const { state, anchor, measures } = await loadSnapshot({ ...options, limits: { concurrentRunsMax } });
  const requests = makeRequestStore((sequence) => readCommit(connection, shard, sequence), measures);
  const room = makeLogRoom(concurrentRunsMax);
  const fold = makeLogFold({ ...options, begin: anchor, state, requests, onCommit: room.onCommit });
  return { begin: anchor, state, requests, fold, room };
};

class RunningScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #metrics: SchedulerMetrics;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #over = Promise.withResolvers<undefined>();
  #phase: Phase = 'catching up';
  #reading: Reading | undefined;
  #leader: Leader | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#metrics = options.metricsOf(options.shard, {
      state: () => this.#reading?.state,
      position: () => this.#reading?.fold.position() ?? 0,
      leaseSequence: () => this.#leader?.leaseSequence() ?? 0,
      keptBytes: () => this.#reading?.requests.keptBytes() ?? 0,
    });
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  start(): void {
    this.#run()
      .catch((error: unknown) => {
        this.#ready.reject(error);
        this.#end(error);
      })
      .finally(() => this.#over.resolve(undefined));
  }

  isLeading(): boolean {
    return this.#phase === 'leading';
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

  async #run(): Promise<void> {
    const reading = await beginReading(this.#options);
    this.#reading = reading;
    await Promise.all([this.#read(reading), this.#rule(reading)]);
  }

  async #read({ begin, fold }: Reading): Promise<void> {
    const { connection, shard, signal } = this.#options;
    const fromSequence = begin.sequence + 1;
    const how = { shard, fromSequence, anchor: begin, signal, maxBatch: BATCH_COMMITS_MAX };
    for await (const batch of follow(connection, how)) fold.apply(batch);
  }

  async #rule(reading: Reading): Promise<void> {
    const { instance, log } = this.#options;
    const { state, fold, room } = reading;
    await this.#catchUp(reading);
    const lease = await awaitLease({
      ...this.#options,
      holder: instance,
      onStandby: () => this.#become('standing by'),
    });
    if (lease === undefined) return;
    await fold.reached(lease.sequence);
    await this.#measureRoom(room);
    log.info('leading', { lease: lease.sequence, waiting: state.waiting, running: state.holdings.size });
    this.#leader = lead(
      {
        ...this.#options,
        ...reading,
        metrics: this.#metrics,
        onDeposed: (error) => this.#end(error),
      },
      lease,
    );
    this.#become('leading');
  }

  async #catchUp({ state, fold }: Reading): Promise<void> {
    const { connection, shard, clock, log } = this.#options;
    const startMs = clock.monotonic();
    const { first, last } = await logBounds(connection, shard);
    if (first <= last) await fold.reached(last);
    const ms = Math.round(clock.monotonic() - startMs);
    log.info('read the log', { position: fold.position(), waiting: state.waiting, ms });
  }

  /** Before the first decision, so that a full log is known to be full. */
  async #measureRoom(room: LogRoom): Promise<void> {
    const { connection, shard, log } = this.#options;
    room.onFill(await logFill(connection, shard));
    const rules = room.rules();
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
