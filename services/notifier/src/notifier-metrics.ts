import { type Milliseconds, SECOND } from '@millrace/kernel';
import { type Metrics } from '@millrace/runtime';

/** What the notifier measures. */
export interface NotifierMetrics {
  readonly attempted: (outcome: 'delivered' | 'retry' | 'failed', took: Milliseconds) => void;
}

export interface NotifierGauges {
  readonly waiting: () => number;
  readonly enabled: () => number;
  readonly paused: () => number;
}

export const makeNotifierMetrics = (metrics: Metrics, gauges: () => NotifierGauges | undefined): NotifierMetrics => {
  const attempts = metrics.counter({
    name: 'millrace_webhook_attempts_total',
    help: 'Attempts to deliver a webhook; `retry`: another one follows, `failed`: none does.',
    labels: ['outcome'],
  });
  const seconds = metrics.histogram({
    name: 'millrace_webhook_attempt_seconds',
    help: 'Time of an attempt to deliver a webhook.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  });
  const observed = (name: string, help: string, read: (of: NotifierGauges) => number): void => {
    metrics.observed({ name, help }, () => {
      const current = gauges();
      return current === undefined ? 0 : read(current);
    });
  };
  observed('millrace_webhook_waiting', 'Messages that wait to be tried again.', ({ waiting }) => waiting());
  observed('millrace_webhook_endpoints', 'Endpoints that are enabled.', ({ enabled }) => enabled());
  observed('millrace_webhook_endpoints_paused', 'Endpoints that are left in peace.', ({ paused }) => paused());
  return {
    attempted: (outcome, took) => {
      attempts.inc({ outcome });
      seconds.observe({}, took / SECOND);
    },
  };
};
