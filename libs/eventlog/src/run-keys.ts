import { JetStreamApiError } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { JETSTREAM_ERROR, translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';
import { readStored, storeText } from './stored-messages.ts';
import { RUN_KEYS_STREAM } from './topology.ts';

/** Keys under which single runs are sealed. Whoever erases a key deletes what it sealed, wherever that stands. */
export interface RunKeys {
  /** Resolves once it is on disk. @throws AppError `conflict` when the run has a key already */
  readonly put: (runId: string, key: Uint8Array) => Promise<void>;
  /** `undefined` when it was erased, or the run never had one. */
  readonly load: (runId: string) => Promise<Uint8Array | undefined>;
  /** Overwrites the key in the store; false when there is none. Safe to repeat. */
  readonly erase: (runId: string) => Promise<boolean>;
  /** The runs that have one. */
  readonly list: () => Promise<readonly string[]>;
}

const PREFIX = 'run-keys.';
const subjectOf = (runId: string): string => `${PREFIX}${runId}`;

/** Somebody else erased it meanwhile. */
const isGone = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JETSTREAM_ERROR.noMessageFound;

/** @see ADR on deletion. Secure erase: nats-server writes random bytes over the message before it forgets it. */
const eraseMessage = async (connection: LogConnection, sequence: number): Promise<boolean> => {
  try {
    return await (await managerOf(connection)).streams.deleteMessage(RUN_KEYS_STREAM, sequence, true);
  } catch (cause) {
    if (isGone(cause)) return false;
    throw translate(cause, 'erasing the key of a run');
  }
};

export const openRunKeys = (connection: LogConnection): RunKeys => {
  const find = (runId: string) => readStored(connection, RUN_KEYS_STREAM, { last_by_subj: subjectOf(runId) });
  return {
    put: async (runId, key) => {
      await storeText(connection, subjectOf(runId), Buffer.from(key).toString('base64'), {
        'Nats-Expected-Last-Subject-Sequence': '0',
      });
    },
    load: async (runId) => {
      const stored = await find(runId);
      return stored === undefined ? undefined : Buffer.from(stored.text, 'base64');
    },
    erase: async (runId) => {
      const stored = await find(runId);
      return stored === undefined ? false : eraseMessage(connection, stored.sequence);
    },
    list: async () => {
      try {
        const manager = await managerOf(connection);
        const { state } = await manager.streams.info(RUN_KEYS_STREAM, { subjects_filter: `${PREFIX}*` });
        return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(PREFIX.length));
      } catch (cause) {
        throw translate(cause, 'listing the keys of runs');
      }
    },
  };
};
