import { type NatsConnection, connect, createInbox } from '@nats-io/transport-node';
import { makeAckInbox } from './ack-inbox.ts';
import { checkServerVersion } from './server-version.ts';
import { unreachable } from './log-errors.ts';
import { registerHandle } from './nats-handle.ts';

export type ConnectionStatus = 'connected' | 'disconnected' | 'closed';

/** A connection to the log. It reconnects for ever; close it last. */
export interface LogConnection {
  readonly name: string;
  /** Settles when the connection is closed for good, with the reason when there was one. */
  readonly closed: Promise<Error | undefined>;
  readonly isConnected: () => boolean;
  /** Calls back on every change; returns how to stop. */
  readonly onStatus: (listener: (status: ConnectionStatus) => void) => () => void;
  /** Sends what is buffered, then closes. Safe to repeat. */
  readonly close: () => Promise<void>;
}

export interface ConnectOptions {
  /** `nats://user:password@host:port`; several separated by commas. */
  readonly url: string;
  /** Shown by the server's own monitoring. */
  readonly name: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_WAIT_MS = 100;
/** A server that answers nothing is given up after three of these. */
const PING_INTERVAL_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

interface Address {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/**
 * Answers come on subjects that name the user, so that users can be kept from reading the answers of others. Names that are no single
 * token of a subject stay out.
 */
export const inboxPrefixOf = (user = ''): string => (/^[A-Za-z0-9_-]+$/.test(user) ? `_INBOX.${user}` : '_INBOX');

const parseUrl = (url: string): Address => {
  const urls = url.split(',').map((text) => new URL(text.includes('://') ? text : `nats://${text}`));
  const servers = urls.map(({ host }) => host);
  const user = decodeURIComponent(urls[0]?.username ?? '');
  const pass = decodeURIComponent(urls[0]?.password ?? '');
  if (user === '') return { servers };
  return pass === '' ? { servers, token: user } : { servers, user, pass };
};

const settlesWithin = async (promise: Promise<unknown>, timeoutMs: number): Promise<void> => {
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(timer.resolve, timeoutMs, undefined);
  await Promise.race([promise.catch(() => undefined), timer.promise]);
  clearTimeout(timeout);
};

const closeNats = async (nats: NatsConnection, isConnected: boolean): Promise<void> => {
  if (isConnected && !nats.isDraining()) await settlesWithin(nats.drain(), CLOSE_TIMEOUT_MS);
  await nats.close();
};

const makeConnection = (nats: NatsConnection, name: string): LogConnection => {
  let status: ConnectionStatus = 'connected';
  const listeners = new Set<(status: ConnectionStatus) => void>();
  const become = (next: ConnectionStatus): void => {
    if (next === status || status === 'closed') return;
    status = next;
    for (const listener of [...listeners]) listener(next);
  };
  const watch = async (): Promise<void> => {
    for await (const change of nats.status()) {
      if (change.type === 'disconnect') become('disconnected');
      if (change.type === 'reconnect') become('connected');
    }
  };
  watch().catch(() => undefined); // ends with the connection, which `closed` reports
  return {
    name,
    closed: nats.closed().then((reason) => {
      become('closed');
      return reason instanceof Error ? reason : undefined;
    }),
    isConnected: () => status === 'connected',
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => closeNats(nats, status === 'connected'),
  };
};

/**
 * @throws AppError `unavailable` `log.unreachable` when no server answers, `refused` `log.server_too_old` below the server floor.
 */
export const connectLog = async ({ url, name }: ConnectOptions): Promise<LogConnection> => {
  let nats: NatsConnection;
  const address = parseUrl(url);
  const inboxPrefix = inboxPrefixOf(address.user);
  try {
    nats = await connect({
      ...address,
      inboxPrefix,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_WAIT_MS,
      pingInterval: PING_INTERVAL_MS,
      ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    throw unreachable('nats-server does not answer', cause);
  }
  try {
    checkServerVersion(nats.info?.version ?? '');
  } catch (error) {
    await nats.close();
    throw error;
  }
  const connection = makeConnection(nats, name);
  const acks = makeAckInbox(nats, connection, createInbox(inboxPrefix));
  registerHandle(connection, { nats, acks, inboxPrefix });
  return connection;
};
