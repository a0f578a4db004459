import { invariant } from '@millrace/kernel';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import { type AckInbox } from './ack-inbox.ts';
import { type LogConnection } from './connection.ts';

/** What this package sees of a connection; kept apart so that no foreign type leaves the package. */
export interface NatsHandle {
  readonly nats: NatsConnection;
  readonly acks: AckInbox;
  /** What the subjects of answers begin with. */
  readonly inboxPrefix: string;
}

const handles = new WeakMap<LogConnection, NatsHandle>();

export const registerHandle = (connection: LogConnection, handle: NatsHandle): void => {
  handles.set(connection, handle);
};

export const handleOf = (connection: LogConnection): NatsHandle => {
  const handle = handles.get(connection);
  invariant(handle, 'connections are made by connectLog');
  return handle;
};

/** A subject for answers, of nobody else. */
export const newInbox = (connection: LogConnection): string => createInbox(handleOf(connection).inboxPrefix);

/** Longest wait for an answer of the JetStream API. */
export const API_TIMEOUT_MS = 5_000;

export const managerOf = async (connection: LogConnection): Promise<JetStreamManager> =>
  jetstreamManager(handleOf(connection).nats, { checkAPI: false, timeout: API_TIMEOUT_MS });
