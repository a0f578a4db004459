import { type LogRoomState } from './admission/log-room.ts';
import { type Counter, type Histogram, type Metrics } from '@millrace/runtime';

/** What the gateway counts; `/metrics` of the admin port shows it. */
export interface GatewayMetrics {
  readonly requests: Counter<'route' | 'method' | 'status'>;
  readonly acceptSeconds: Histogram<'outcome'>;
  readonly refused: Counter<'reason'>;
  /** Requests that reached a trigger and started no run, by what became of them. */
  readonly inbox: Counter<'outcome'>;
  readonly commitEvents: Histogram;
}

export interface GatewayGauges {
  readonly sseClients: () => number;
  readonly waiters: () => number;
  readonly appendsPending: () => number;
  readonly inboxDropped: () => number;
  readonly logRoom: () => LogRoomState;
}

export const makeGatewayMetrics = (metrics: Metrics): GatewayMetrics => ({
  requests: metrics.counter({
    name: 'millrace_http_requests_total',
    help: 'Requests answered, by route and status.',
    labels: ['route', 'method', 'status'],
  }),
  acceptSeconds: metrics.histogram({
    name: 'millrace_accept_seconds',
    help: 'From the first byte of a request that starts a run to its record in the log.',
    labels: ['outcome'],
  }),
  refused: metrics.counter({
    name: 'millrace_http_refused_total',
    help: 'Requests refused, by code.',
    labels: ['reason'],
  }),
  inbox: metrics.counter({
    name: 'millrace_inbox_requests_total',
    help: 'Requests that reached a trigger and started no run of their own.',
    labels: ['outcome'],
  }),
  commitEvents: metrics.histogram({
    name: 'millrace_commit_events',
    help: 'Events packed into one commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  }),
});

export const observeGauges = (
  metrics: Metrics,
  { sseClients, waiters, appendsPending, inboxDropped, logRoom }: GatewayGauges,
): void => {
  metrics.observed({ name: 'millrace_log_bytes', help: 'Bytes that the log holds.' }, () => logRoom().bytes);
  metrics.observed(
    { name: 'millrace_log_needed_bytes', help: 'Bytes of the log that are kept for open runs.' },
    () => logRoom().neededBytes,
  );
  metrics.observed(
    { name: 'millrace_log_max_bytes', help: 'Bytes beyond which the log is full.' },
    () => logRoom().maxBytes,
  );
  metrics.observed(
    { name: 'millrace_inbox_dropped', help: 'Refused requests that could not be recorded.' },
    inboxDropped,
  );
  metrics.observed({ name: 'millrace_sse_clients', help: 'Open event streams.' }, sseClients);
  metrics.observed({ name: 'millrace_waiters', help: 'Callers waiting for an outcome.' }, waiters);
  metrics.observed(
    { name: 'millrace_appends_pending', help: 'Requests not yet acknowledged by the log.' },
    appendsPending,
  );
};
