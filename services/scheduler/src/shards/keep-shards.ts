/**
 * One process for all shards: it stands by for each of them, and leads its share.
 *
 * A term of a shard ends when another process takes its lease, or when this one gives it up because it leads more than its share. What it had
 * decided and not read back is then worth nothing: the next term of the shard begins anew, from its snapshot, standing by.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { shardsUpTo, shareOf } from '@millrace/contracts';
import { AppError, messageOf, type Milliseconds, SECOND } from '@millrace/kernel';
import { type HealthReport } from '@millrace/runtime';
import { type Scheduler, type SchedulerOptions, startScheduler } from '../scheduler.ts';
import { type FairShare, makeFairShare } from './fair-share.ts';
import { watchSchedulers } from './live-schedulers.ts';

/** Between two terms of a shard. */
const PAUSE_MS: Milliseconds = SECOND / 2;
const LOOK_INTERVAL_MS: Milliseconds = SECOND;

export interface KeepShardsOptions extends Omit<SchedulerOptions, 'shard' | 'share' | 'onEnd'> {
  /** One of the shards cannot go on. */
  readonly onFail: (error: unknown) => void;
}

export interface KeptShards {
  /** Settles when each shard is led here, or somebody else leads it and everything is read. */
  readonly ready: Promise<void>;
  readonly health: () => HealthReport;
  readonly close: () => void;
}

interface KeptShard {
  readonly ready: Promise<void>;
  readonly current: () => Scheduler | undefined;
  /** Ends the term; another follows. */
  readonly giveUp: () => void;
}

const isDeposed = (error: unknown): boolean => error instanceof AppError && error.code === 'lease.lost';

class ShardKeeper implements KeptShard {
  readonly #shard: number;
  readonly #options: KeepShardsOptions;
  readonly #fair: FairShare;
  readonly #ready = Promise.withResolvers<undefined>();
  #current: Scheduler | undefined;
  #term = new AbortController();

  constructor(shard: number, options: KeepShardsOptions, fair: FairShare) {
    this.#shard = shard;
    this.#options = options;
    this.#fair = fair;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  readonly current = (): Scheduler | undefined => this.#current;

  start(): void {
    this.#keep().catch((error: unknown) => {
      this.#ready.reject(error);
      this.#options.onFail(error);
    });
  }

  giveUp(): void {
    this.#options.log.info('gives up a shard: others lead fewer', { shard: this.#shard });
    this.#current?.close();
    this.#term.abort();
  }

  async #keep(): Promise<void> {
    const { signal, log } = this.#options;
    const shard = this.#shard;
    while (!signal.aborted) {
      const { error } = await this.#oneTerm();
      if (isDeposed(error)) log.warn('another scheduler leads', { shard });
      else if (error !== undefined)
        throw new AppError('bug', 'scheduler.shard_failed', messageOf(error), { cause: error });
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Until another leads, this one gives it up, or something fails. */
  async #oneTerm(): Promise<{ readonly error?: unknown }> {
    const { signal, log, ring, concurrentRunsMax } = this.#options;
    const shard = this.#shard;
    const share = this.#fair.of(shard);
    const term = new AbortController();
    const ended = Promise.withResolvers<{ readonly error?: unknown }>();
    const scheduler = startScheduler({
      ...this.#options,
      shard,
      share,
      log: log.child({ shard }),
      concurrentRunsMax: shareOf(concurrentRunsMax, ring.shards, shard),
      signal: AbortSignal.any([signal, term.signal]),
      onEnd: (error) => ended.resolve({ error }),
    });
    this.#term = term;
    this.#current = scheduler;
    scheduler.ready.then(
      () => this.#ready.resolve(undefined),
      () => undefined, // its end says why
    );
    void scheduler.over.then(() => ended.resolve({}));
    const end = await ended.promise;
    scheduler.close();
    term.abort();
    await scheduler.over;
    share.release();
    return end;
  }
}

const keepShard = (shard: number, options: KeepShardsOptions, fair: FairShare): KeptShard => {
  const keeper = new ShardKeeper(shard, options, fair);
  keeper.start();
  return keeper;
};

const healthOf = (kept: readonly KeptShard[]): HealthReport => {
  const reports = kept.map(({ current }) => current()?.health());
  const dependencies = reports.flatMap((report, shard) =>
    Object.entries(report?.dependencies ?? {}).map(
      ([name, health]) => [name === 'scheduler' ? `shard ${shard}` : name, health] as const,
    ),
  );
  return { ready: reports.every((report) => report?.ready === true), dependencies: Object.fromEntries(dependencies) };
};

/** For servers with several shards. */
export const keepShards = (options: KeepShardsOptions): KeptShards => {
  const { connection, instance, ring, clock } = options;
  const live = watchSchedulers(connection, instance);
  const fair = makeFairShare({ shards: ring.shards, live: live.count });
  const kept = shardsUpTo(ring.shards).map((shard) => keepShard(shard, options, fair));
  const looking = setInterval(() => {
    const surplus = fair.surplus(clock.monotonic());
    if (surplus !== undefined) kept[surplus]?.giveUp();
  }, LOOK_INTERVAL_MS);
  const ready = Promise.all(kept.map((shard) => shard.ready)).then(() => undefined);
  return {
    ready,
    health: () => healthOf(kept),
    close: () => {
      clearInterval(looking);
      live.close();
      for (const { current } of kept) current()?.close();
    },
  };
};
