import {
  CONNECTIONS_CHECK_MS,
  CONNECTIONS_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  SSE_HEARTBEAT_MS,
} from './limits.ts';

/** Bounds of connections; a test shortens them. */
export interface ServerLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectionsCheckMs: number;
  readonly keepAliveMs: number;
  readonly connectionsMax: number;
  readonly sseHeartbeatMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  connectionsCheckMs: CONNECTIONS_CHECK_MS,
  keepAliveMs: KEEP_ALIVE_MS,
  connectionsMax: CONNECTIONS_MAX,
  sseHeartbeatMs: SSE_HEARTBEAT_MS,
};
