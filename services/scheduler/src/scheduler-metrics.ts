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

export const makeSchedulerMetrics = (metrics: Metrics, { state, ...observed }: Observed): SchedulerMetrics => {
  const gauge = (name: string, help: string, read: () => number): void =>
    metrics.observed({ name: `millrace_scheduler_${name}`, help }, read);
  gauge('waiting_runs', 'Runs that wait for a slot', () => state()?.waiting ?? 0);
  gauge('running_runs', 'Runs that hold a slot', () => state()?.holdings.size ?? 0);
  gauge('executors', 'Executors that are known', () => state()?.executors.size ?? 0);
  gauge('log_position', 'Sequence of the last commit that was folded', observed.position);
  gauge('lease_sequence', 'Sequence of the lease; 0 while it does not lead', observed.leaseSequence);
  gauge('kept_requests_bytes', 'Requests kept in memory', observed.keptBytes);
  return {
    dispatches: metrics.counter({ name: 'millrace_scheduler_dispatches_total', help: 'Attempts given to executors' }),
    attemptsLost: metrics.counter({ name: 'millrace_scheduler_attempts_lost_total', help: 'Attempts given up' }),
    snapshots: metrics.counter({ name: 'millrace_scheduler_snapshots_total', help: 'Snapshots stored' }),
  };
};
