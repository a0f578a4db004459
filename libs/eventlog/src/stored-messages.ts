/** Single messages of a stream: written with a confirmation, read by sequence or subject. */
import { headers } from '@nats-io/transport-node';
import { type StoredMsg } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { handleOf, managerOf } from './nats-handle.ts';
import { outcomeError } from './publish-commit.ts';

export interface StoredText {
  readonly subject: string;
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly text: string;
  /** Value of a header; `undefined` without it. */
  readonly header: (name: string) => string | undefined;
}

const PUBLISH_TIMEOUT_MS = 5_000;

/**
 * Stores a message; its sequence.
 *
 * @throws AppError `unavailable` when it is not known to be stored, `conflict` `log.stale_sequence` when an expectation did not hold.
 */
export const storeText = async (
  connection: LogConnection,
  subject: string,
  text: string,
  headerTexts: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const sent = headers();
  for (const [name, value] of Object.entries(headerTexts)) sent.set(name, value);
  const message = { subject, payload: text, headers: sent, timeoutMs: PUBLISH_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    handleOf(connection).acks.send(message, (outcome) => {
      if (outcome.kind === 'stored') resolve(outcome.sequence);
      else reject(outcomeError(outcome));
    });
  });
};

export const toStoredText = (message: StoredMsg): StoredText => ({
  subject: message.subject,
  sequence: message.seq,
  time: message.time.getTime(),
  text: message.string(),
  header: (name) => {
    const value = message.header.get(name);
    return value === '' ? undefined : value;
  },
});

/** The message with a sequence, or the last one on a subject; `undefined` when the stream does not hold it. */
export const readStored = async (
  connection: LogConnection,
  stream: string,
  query: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<StoredText | undefined> => {
  try {
    const manager = await managerOf(connection);
    // A replica that lags does not know the message yet: the leader has the last word.
    const found = (await manager.direct.getMessage(stream, query)) ?? (await manager.streams.getMessage(stream, query));
    return found === null ? undefined : toStoredText(found);
  } catch (cause) {
    throw translate(cause, `reading ${stream}`);
  }
};

/** The last message on a subject before a sequence; `undefined` when there is none any more. */
export const readStoredBefore = async (
  connection: LogConnection,
  stream: string,
  { subject, sequence }: Pick<StoredText, 'subject' | 'sequence'>,
): Promise<StoredText | undefined> => {
  if (sequence <= 1) return undefined;
  try {
    const manager = await managerOf(connection);
    const query = { multi_last: [subject], up_to_seq: sequence - 1 };
    for await (const message of await manager.direct.getLastMessagesFor(stream, query)) return toStoredText(message);
    return undefined;
  } catch (cause) {
    if (isNothingFound(cause)) return undefined;
    throw translate(cause, `reading ${stream}`);
  }
};

const isNothingFound = (cause: unknown): boolean =>
  cause instanceof Error && /no results|message not found/i.test(cause.message);

/** Up to so many messages on a subject, the oldest first. */
export const readAllStored = async (
  connection: LogConnection,
  stream: string,
  subject: string,
  most: number,
): Promise<readonly StoredText[]> => {
  const found: StoredText[] = [];
  try {
    const manager = await managerOf(connection);
    const query = { seq: 1, next_by_subj: subject, batch: most };
    for await (const message of await manager.direct.getBatch(stream, query)) found.push(toStoredText(message));
  } catch (cause) {
    if (!isNothingFound(cause)) throw translate(cause, `reading ${stream}`);
  }
  return found;
};

/** Removes everything on the subjects that a filter names. */
export const removeStored = async (connection: LogConnection, stream: string, filter: string): Promise<void> => {
  try {
    const manager = await managerOf(connection);
    await manager.streams.purge(stream, { filter });
  } catch (cause) {
    throw translate(cause, `removing from ${stream}`);
  }
};
