import { type SchedulerState } from '@millrace/domain';
import { type Counter, type Metrics } from '@millrace/runtime';

export interface SchedulerMetrics {
  readonly dispatches: Counter;
  readonly attemptsLost: Counter;
  readonly snapshots: Counter;
}

/** What is read when somebody looks. */
export interface Observed {
  /** `undefined` until it begins to read. */
  readonly state: () => SchedulerState | undefined;
  readonly position: () => number;
  /** 0 while it does not lead. */
  readonly leaseSequence: () => number;
  readonly keptBytes: () => number;
}

/** Name, help and value of what is read when somebody looks. */
const GAUGES: readonly (readonly [string, string, (observed: Observed) => number])[] = [
  ['waiting_runs', 'Runs that wait for a slot', ({ state }) => state()?.waiting ?? 0],
  ['running_runs', 'Runs that hold a slot', ({ state }) => state()?.holdings.size ?? 0],
  ['executors', 'Executors that are known', ({ state }) => state()?.executors.size ?? 0],
  ['log_position', 'Sequence of the last commit that was folded', ({ position }) => position()],
  ['lease_sequence', 'Sequence of the lease; 0 while it does not lead', ({ leaseSequence }) => leaseSequence()],
  ['kept_requests_bytes', 'Requests kept in memory', ({ keptBytes }) => keptBytes()],
];
const COUNTERS = {
  dispatches: { name: 'millrace_scheduler_dispatches_total', help: 'Attempts given to executors' },
  attemptsLost: { name: 'millrace_scheduler_attempts_lost_total', help: 'Attempts given up' },
  snapshots: { name: 'millrace_scheduler_snapshots_total', help: 'Snapshots stored' },
} as const;

/** The metrics of one shard. */
export type MetricsOfShard = (shard: number, observed: Observed) => SchedulerMetrics;

const ofTheOnlyShard =
  (metrics: Metrics): MetricsOfShard =>
  (_shard, observed) => {
    for (const [name, help, read] of GAUGES)
      metrics.observed({ name: `millrace_scheduler_${name}`, help }, () => read(observed));
    return {
      dispatches: metrics.counter(COUNTERS.dispatches),
      attemptsLost: metrics.counter(COUNTERS.attemptsLost),
      snapshots: metrics.counter(COUNTERS.snapshots),
    };
  };

const ofShards = (metrics: Metrics): MetricsOfShard => {
  const labels = ['shard'] as const;
  const shards = new Map<number, Observed>();
  for (const [name, help, read] of GAUGES) {
    metrics.observedEach({ name: `millrace_scheduler_${name}`, help, labels }, () =>
      [...shards].map(([shard, observed]) => ({ labels: { shard }, value: read(observed) })),
    );
  }
  const counters = {
    dispatches: metrics.counter({ ...COUNTERS.dispatches, labels }),
    attemptsLost: metrics.counter({ ...COUNTERS.attemptsLost, labels }),
    snapshots: metrics.counter({ ...COUNTERS.snapshots, labels }),
  };
  return (shard, observed) => {
    shards.set(shard, observed); // of a later term in the place of the one before
    return {
      dispatches: { inc: (_none, by) => counters.dispatches.inc({ shard }, by) },
      attemptsLost: { inc: (_none, by) => counters.attemptsLost.inc({ shard }, by) },
      snapshots: { inc: (_none, by) => counters.snapshots.inc({ shard }, by) },
    };
  };
};

/** With a label `shard` where there are several. Call it once; what it gives once for each term of a shard. */
export const makeSchedulerMetrics = (metrics: Metrics, shards: number): MetricsOfShard =>
  shards === 1 ? ofTheOnlyShard(metrics) : ofShards(metrics);
