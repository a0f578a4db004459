import { parseTriggerState, type TriggerState } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { TRIGGERS_BUCKET } from './topology.ts';
import { bucketStore, changeEntry, watchBucket } from './watched-bucket.ts';

/** One trigger of one workflow. */
export type TriggerName = Pick<TriggerState, 'workspace' | 'workflow' | 'trigger'>;

/** What was decided about triggers, held in memory and kept up to date. */
export interface TriggerStates {
  /** As this process knows it: a moment behind a change elsewhere. `undefined`: as it is declared. */
  readonly get: (name: TriggerName) => TriggerState | undefined;
  /** As it is stored now. Costs a request. */
  readonly read: (name: TriggerName) => Promise<TriggerState | undefined>;
  readonly list: () => readonly TriggerState[];
  /** Changes one record from what is stored now, whoever else changes it at the same time; resolves with what was stored. */
  readonly change: (
    name: TriggerName,
    change: (current: TriggerState | undefined) => TriggerState,
  ) => Promise<TriggerState>;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

/** A dot is in no path and in no id. */
const keyOf = ({ workspace, workflow, trigger }: TriggerName): string => `${workspace}/${workflow}.${trigger}`;

const same = { parse: parseTriggerState };

/** What a run's end makes of the state of its trigger; the same end changes it once, and not what a person has disabled. */
const stoppedBy =
  (stopped: TriggerState) =>
  (current: TriggerState | undefined): TriggerState =>
    current !== undefined && (current.run === stopped.run || current.state !== 'enabled') ? current : stopped;

/**
 * Stops a trigger because a run that it started has ended. Safe to repeat; resolves once it is stored.
 *
 * @throws AppError `unavailable` when NATS is away.
 */
export const stopTrigger = async (connection: LogConnection, stopped: TriggerState): Promise<void> => {
  const store = bucketStore(connection, TRIGGERS_BUCKET);
  const key = keyOf(stopped);
  await store(`stopping ${key}`, async (kv) => changeEntry(kv, { ...same, key, change: stoppedBy(stopped) }));
};

export const openTriggerStates = (connection: LogConnection): TriggerStates => {
  const states = new Map<string, TriggerState>();
  const read = bucketStore(connection, TRIGGERS_BUCKET);
  const bucket = watchBucket<TriggerState>(connection, {
    ...same,
    bucket: TRIGGERS_BUCKET,
    onChange: (key, state) => {
      if (state === undefined) states.delete(key);
      else states.set(key, state);
    },
  });
  return {
    get: (name) => (states.size === 0 ? undefined : states.get(keyOf(name))),
    read: async (name) => {
      const entry = await read('reading', async (kv) => kv.get(keyOf(name)));
      return entry?.operation === 'PUT' ? parseTriggerState(entry.string()) : undefined;
    },
    list: () => [...states.values()],
    change: async (name, change) => bucket.change(keyOf(name), change),
    ready: bucket.ready,
    close: bucket.close,
  };
};
