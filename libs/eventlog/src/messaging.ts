import { AppError, messageOf } from '@millrace/kernel';
import { errors, type Msg } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { handleOf } from './nats-handle.ts';

export interface Listening {
  readonly close: () => void;
}

/** Sends a hint: at most once, and not at all while disconnected. Whoever subscribes to it can do without it. */
export const publish = (connection: LogConnection, subject: string, text: string): void => {
  if (connection.isConnected()) handleOf(connection).nats.publish(subject, text);
};

/** Listens for as long as the connection lives, through every reconnect. */
export const subscribe = (
  connection: LogConnection,
  subject: string,
  onMessage: (text: string, subject: string) => void,
): Listening => {
  const subscription = handleOf(connection).nats.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) onMessage(message.string(), message.subject);
    },
  });
  return { close: () => subscription.unsubscribe() };
};

const requestError = (subject: string, cause: unknown): AppError => {
  const options = { cause, retryAfterSeconds: 1 };
  if (cause instanceof errors.RequestError && cause.isNoResponders()) {
    return new AppError('unavailable', 'messaging.no_responders', `nobody answers on ${subject}`, options);
  }
  if (cause instanceof errors.TimeoutError) {
    return new AppError('unavailable', 'messaging.timeout', `no answer on ${subject} in time`, options);
  }
  return new AppError(
    'unavailable',
    'messaging.disconnected',
    `asking on ${subject} failed: ${messageOf(cause)}`,
    options,
  );
};

/** @throws AppError `unavailable`: `messaging.no_responders`, `messaging.timeout` or `messaging.disconnected`. */
export const request = async (
  connection: LogConnection,
  subject: string,
  text: string,
  timeoutMs: number,
): Promise<string> => {
  if (!connection.isConnected()) throw requestError(subject, new Error('not connected'));
  try {
    const answer = await handleOf(connection).nats.request(subject, text, { timeout: timeoutMs });
    return answer.string();
  } catch (cause) {
    throw requestError(subject, cause);
  }
};

/** Answers requests. When `answer` throws, the asker gets no answer and runs into its time-out. */
export const respond = (
  connection: LogConnection,
  subject: string,
  answer: (text: string) => Promise<string>,
): Listening => {
  const reply = async (message: Msg): Promise<void> => {
    const text = await answer(message.string());
    // an asker must not have us publish for it where only we may
    if (message.reply?.startsWith('_INBOX') === true && connection.isConnected()) message.respond(text);
  };
  const subscription = handleOf(connection).nats.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) reply(message).catch(() => undefined);
    },
  });
  return { close: () => subscription.unsubscribe() };
};
