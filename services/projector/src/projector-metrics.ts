import { type Projection } from '@millrace/read-model';
import { type Metrics } from '@millrace/runtime';

/** What the projector measures; labels are the projections and the public events. */
export interface ProjectorMetrics {
  readonly projected: (projection: Projection | 'events', sequence: number) => void;
  readonly batch: (projection: Projection, rows: number, seconds: number) => void;
  readonly published: (events: number) => void;
  /** Last sequence of the log, as it was last asked for. */
  readonly logLast: (sequence: number) => void;
  readonly unusable: ReturnType<Metrics['counter']>;
  /** Commits that the log lost from its middle. */
  readonly missing: (count: number) => void;
}

export const makeProjectorMetrics = (metrics: Metrics): ProjectorMetrics => {
  const position = metrics.gauge({
    name: 'millrace_projector_position',
    help: 'Sequence of the last message that was projected.',
    labels: ['projection'],
  });
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
  let projected = 0;
  let last = 0;
  metrics.observed(
    { name: 'millrace_projector_lag', help: 'Messages of the log that the run projection has not seen.' },
    () => Math.max(0, last - projected),
  );
  return {
    projected: (projection, sequence) => {
      position.set({ projection }, sequence);
      if (projection === 'runs') projected = sequence;
    },
    batch: (projection, count, took) => {
      rows.inc({ projection }, count);
      seconds.observe({ projection }, took);
    },
    published: (events) => published.inc({}, events),
    logLast: (sequence) => (last = sequence),
    unusable,
    missing: (count) => missing.inc({}, count),
  };
};
