import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

export interface Listening {
  readonly close: () => void;
}

/** At most once; nothing is sent while disconnected. */
export const publish = (connection: LogConnection, subject: string, text: string): void =>
  notYet(connection, subject, text);

export const subscribe = (
  connection: LogConnection,
  subject: string,
  onMessage: (text: string, subject: string) => void,
): Listening => notYet(connection, subject, onMessage);

/** @throws AppError `unavailable`: `messaging.no_responders`, `messaging.timeout` or `messaging.disconnected`. */
export const request = async (
  connection: LogConnection,
  subject: string,
  text: string,
  timeoutMs: number,
): Promise<string> => notYet(connection, subject, text, timeoutMs);

/** Answers requests; when `answer` throws, the asker gets no answer and runs into its time-out. */
export const respond = (
  connection: LogConnection,
  subject: string,
  answer: (text: string) => Promise<string>,
): Listening => notYet(connection, subject, answer);
