import { HOUR, SECOND } from '@millrace/kernel';

/** Every bound of the gateway, with its unit. What happens at it stands beside it. */

/** Headers must be there within this time; then 408 and the connection is cut. */
export const HEADERS_TIMEOUT_MS = 10 * SECOND;
/** The whole request must be there within this time; then 408 and the connection is cut. */
export const REQUEST_TIMEOUT_MS = 30 * SECOND;
/** How often both are looked after. */
export const CONNECTIONS_CHECK_MS = 5 * SECOND;
/** An idle keep-alive connection is closed after this time; more than the usual 60 s of load balancers. */
export const KEEP_ALIVE_MS = 72 * SECOND;
/** More than this many open connections are refused by closing them. */
export const CONNECTIONS_MAX = 10_000;
/** Longer headers are answered 431. */
export const HEADER_BYTES_MAX = 16_384;

/** A multipart body of more parts is answered 400. */
export const MULTIPART_PARTS_MAX = 1_000;
/** Events of one batch: each starts a run. */
export const BATCH_EVENTS_MAX = 1_000;
/** Wrong tokens and keys from one address in this many seconds; each one more is answered 429 instead of 401 or 404. */
export const AUTH_FAILURES_MAX = 100;
export const AUTH_FAILURES_WINDOW_S = 60;

/** Callers whose rates are counted at the same time; beyond it those that owe nothing are forgotten, then the one that came first. */
export const RATE_CALLERS_MAX = 10_000;

/** An append that was not acknowledged in this time is answered 503: it may or may not be recorded. */
export const APPEND_TIMEOUT_MS = 2 * SECOND;
export const APPENDS_IN_FLIGHT_MAX = 4;
/** Longest wait for the scheduler's word where a request may be rejected or skipped; then 202. */
export const ADMISSION_WORD_MS = 2 * SECOND;

/** Longest wait for the scheduler's word about why a run waits; then 503. */
export const WHY_TIMEOUT_MS = 2 * SECOND;
/** What the leader said of how many runs wait is good for so long. */
export const QUEUE_FRESH_MS = 3 * SECOND;

/** How often a gateway asks how full the log is, and what the open runs still need of it. */
export const LOG_ROOM_INTERVAL_MS = SECOND;
/** What a request takes in the log until its run is over, besides its input and environment, which the dispatch repeats. */
export const RUN_LOG_BYTES = 5_120;
/** Left free in the log: the larger of these two, but at most a quarter of it. A request that would go beyond is answered 503. */
export const LOG_RESERVE_BYTES = 4 * 1_048_576;
export const LOG_RESERVE_SHARE = 0.02;
export const LOG_RESERVE_SHARE_MAX = 0.25;
/** So long after a request was refused for want of room, `/health` says that the log is full for requests of its size. */
export const REFUSAL_FRESH_MS = 10 * SECOND;
/** The supervisor repeats every second that the log cannot be written; its word is good for so long. */
export const UNWRITABLE_FRESH_MS = 3 * SECOND;
/** Pause between two probes of a log that does not acknowledge. */
export const LOG_PROBE_INTERVAL_MS = 2 * SECOND;

/** Runs remembered whose end was told before the read model shows it. */
export const ENDED_RUNS_MAX = 10_000;

/** Callers that wait for an outcome at the same time; more are answered 429. */
export const WAITERS_MAX = 5_000;
/** So long before its time is up a waiting caller asks the read model, in case the reply got lost. */
export const WAIT_LAST_LOOK_MS = 250;
/** How often a caller that waits for somebody else's run asks the read model. */
export const WAIT_POLL_MS = 200;

/** Longest wait for the projector to pass the end of the log; then 503 with `Retry-After`. */
export const READ_YOUR_WRITES_MS = 2 * SECOND;

/** Open event streams, in all and of one token; more are answered 429. */
export const SSE_CLIENTS_MAX = 2_000;
export const SSE_CLIENTS_PER_TOKEN_MAX = 500;
export const SSE_HEARTBEAT_MS = 15 * SECOND;
/** What browsers wait before they connect again. */
export const SSE_RETRY_MS = 2 * SECOND;
/** Messages and characters that wait for one slow client; beyond either it gets `event: lagged` and is cut. */
export const SSE_BACKLOG_MESSAGES_MAX = 2_048;
export const SSE_BACKLOG_CHARS_MAX = 2 * 1_048_576;
/** Readers whose backlog is more than half full are given this long before more comes; looked after this often. */
export const SSE_PATIENCE_MS = 250;
export const SSE_PACE_MS = 2;
/** After the end of a run its last output is waited for this long before the final event is sent. */
export const SSE_OUTPUT_SETTLE_MS = 2 * SECOND;

/** Compiled input schemas kept; the oldest goes first. */
export const INPUT_VALIDATORS_MAX = 1_000;
/** A token lives at most ten years. */
export const TOKEN_LIFE_MAX_MS = 10 * 365 * 24 * HOUR;
/** What is left of a refused body is read up to this, so that the answer arrives before the connection closes. */
export const REFUSED_BODY_BYTES_MAX = 8 * 1_048_576;
export const REFUSED_BODY_MS = 2 * SECOND;
/** About so many characters of output are answered at once; the rest comes with the next cursor. */
export const LOG_PAGE_CHARS_MAX = 4 * 1_048_576;
/** How long an answer about the health of Postgres is good for. */
export const HEALTH_FRESH_MS = SECOND;
/** Postgres counts as away when it does not answer in this time. */
export const HEALTH_TIMEOUT_MS = SECOND;
/** Connections to Postgres. */
export const READ_POOL_MAX = 10;
/** Longest time for waits and streams to end when the gateway ends. */
export const DRAIN_MS = 8 * SECOND;
/** Each receiver of webhooks costs consumers and memory; more are answered 409. */
export const WEBHOOKS_MAX = 100;
/** Deliveries of one receiver that are listed. */
export const WEBHOOK_DELIVERIES_LISTED_MAX = 100;

/** Events of one run that are answered as one batch of CloudEvents. */
export const RUN_CLOUD_EVENTS_MAX = 2_000;
