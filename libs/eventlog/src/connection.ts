import { notYet } from './not-yet.ts';

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

export type ConnectionStatus = 'connected' | 'disconnected' | 'closed';

export interface ConnectOptions {
  /** `nats://user:password@host:port`; several separated by commas. */
  readonly url: string;
  /** Shown by the server's own monitoring. */
  readonly name: string;
}

/**
 * @throws AppError `unavailable` `log.unreachable` when no server answers, `refused` `log.server_too_old` below the server floor.
 */
export const connectLog = async (options: ConnectOptions): Promise<LogConnection> => notYet(options);
