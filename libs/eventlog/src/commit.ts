import { decodeCommit, type DecodedEvent } from '@millrace/contracts';
import { type StoredMsg } from '@nats-io/jetstream';

/** One message of the log: one or more events of one writer. The event at index i has position `<sequence>.<i>`. */
export interface Commit {
  readonly sequence: number;
  readonly subject: string;
  /** When the log stored it, milliseconds since the epoch. */
  readonly time: number;
  /** Size of its text, for those who must bound what they hold. */
  readonly bytes: number;
  /** Empty for lease messages. */
  readonly events: readonly DecodedEvent[];
}

export const decodeStored = (stored: StoredMsg): Commit => ({
  sequence: stored.seq,
  subject: stored.subject,
  time: stored.time.getTime(),
  bytes: stored.data.length,
  events: decodeCommit(stored.string(), stored.subject),
});
