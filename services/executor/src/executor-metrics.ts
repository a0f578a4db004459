import { eventName, type RunEventType, type WorkflowKind } from '@millrace/contracts';
import { type Metrics } from '@millrace/runtime';

export interface ExecutorMetrics {
  /** @param seconds from the dispatch to the start of the process or handler */
  readonly started: (kind: WorkflowKind, seconds: number) => void;
  readonly finished: (type: RunEventType) => void;
  /** A session ended because the leader was silent or did not know it. */
  readonly fenced: () => void;
}

export const makeExecutorMetrics = (metrics: Metrics): ExecutorMetrics => {
  const started = metrics.counter({
    name: 'millrace_attempts_started_total',
    help: 'Attempts started.',
    labels: ['kind'],
  });
  const finished = metrics.counter({
    name: 'millrace_attempts_ended_total',
    help: 'Attempts ended.',
    labels: ['event'],
  });
  const fenced = metrics.counter({
    name: 'millrace_sessions_fenced_total',
    help: 'Sessions given up by the executor.',
  });
  const latency = metrics.histogram({
    name: 'millrace_start_seconds',
    help: 'From the arrival of a dispatch to the start of its process or handler.',
    labels: ['kind'],
  });
  return {
    started: (kind, seconds) => {
      started.inc({ kind });
      latency.observe({ kind }, seconds);
    },
    finished: (type) => finished.inc({ event: eventName(type) }),
    fenced: () => fenced.inc({}),
  };
};
