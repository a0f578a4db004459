import { DEFAULT_SHARD, shardsUpTo } from '@millrace/contracts';
import { type Projection } from '@millrace/read-model';
import { type Metrics } from '@millrace/runtime';

/** What the projector measures; labels are the projections and the public events. */
export interface ProjectorMetrics {
  readonly projected: (projection: Projection | 'events', sequence: number, shard: number) => void;
  readonly batch: (projection: Projection, rows: number, seconds: number) => void;
  readonly published: (events: number) => void;
  /** Last sequence of a log, as it was last asked for. */
  readonly logLast: (sequence: number, shard: number) => void;
  readonly unusable: ReturnType<Metrics['counter']>;
  /** Commits that the log lost from its middle. */
  readonly missing: (count: number) => void;
}

const POSITION = { name: 'millrace_projector_position', help: 'Sequence of the last message that was projected.' };

/** With a label `shard` where there are several logs. */
const positionGauge = (metrics: Metrics, logs: number): ProjectorMetrics['projected'] => {
  if (logs === 1) {
    const gauge = metrics.gauge({ ...POSITION, labels: ['projection'] });
    return (projection, sequence) => gauge.set({ projection }, sequence);
  }
  const gauge = metrics.gauge({ ...POSITION, labels: ['projection', 'shard'] });
  return (projection, sequence, shard) => gauge.set({ projection, shard }, sequence);
};

/** Of each log, how far it goes and how far it was projected. */
const makeLag = (metrics: Metrics, logs: number) => {
  const name = 'millrace_projector_lag';
  const help = 'Messages of the log that the run projection has not seen.';
  const projected = new Map<number, number>();
  const last = new Map<number, number>();
  const lagOf = (shard: number): number => Math.max(0, (last.get(shard) ?? 0) - (projected.get(shard) ?? 0));
  if (logs === 1) metrics.observed({ name, help }, () => lagOf(DEFAULT_SHARD));
  else
    metrics.observedEach({ name, help, labels: ['shard'] }, () =>
      shardsUpTo(logs).map((shard) => ({ labels: { shard }, value: lagOf(shard) })),
    );
  return { projected, last };
};

export const makeProjectorMetrics = (metrics: Metrics, logs = 1): ProjectorMetrics => {
  const setPosition = positionGauge(metrics, logs);
  const lag = makeLag(metrics, logs);
  const rows = metrics.counter({
    name: 'millrace_projector_events_total',
    help: 'Events and output chunks folded into rows.',
    labels: ['projection'],
  });
  const seconds = metrics.histogram({
    name: 'millrace_projector_batch_seconds',
    help: 'Time to fold and write one batch.',
    labels: ['projection'],
  });
  const published = metrics.counter({ name: 'millrace_projector_published_total', help: 'Public events published.' });
  const unusable = metrics.counter({
    name: 'millrace_projector_unusable_total',
    help: 'Entries of the log of an unknown type or a broken shape, passed over.',
  });
  const missing = metrics.counter({
    name: 'millrace_projector_missing_total',
    help: 'Messages that the log should hold and did not hand out: unreadable, or deleted from its middle.',
  });
  return {
    projected: (projection, sequence, shard) => {
      setPosition(projection, sequence, shard);
      if (projection === 'runs') lag.projected.set(shard, sequence);
    },
    batch: (projection, count, took) => {
      rows.inc({ projection }, count);
      seconds.observe({ projection }, took);
    },
    published: (events) => published.inc({}, events),
    logLast: (sequence, shard) => void lag.last.set(shard, sequence),
    unusable,
    missing: (count) => missing.inc({}, count),
  };
};
