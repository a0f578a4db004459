import { parseSecretRecord, type SecretRecord } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { SECRETS_BUCKET } from './topology.ts';
import { watchBucket } from './watched-bucket.ts';

/** All sealed secrets, held in memory and kept up to date. */
export interface SecretStore {
  readonly get: (workspace: string, name: string) => SecretRecord | undefined;
  readonly list: () => readonly SecretRecord[];
  /**
   * Changes one record from what is stored now, whoever else changes it at the same time; `change` may be called again. What it
   * throws is passed on. Returns what was stored, once it is known here; other processes see it a moment later.
   */
  readonly change: (
    workspace: string,
    name: string,
    change: (current: SecretRecord | undefined) => SecretRecord,
  ) => Promise<SecretRecord>;
  readonly remove: (workspace: string, name: string) => Promise<void>;
  /** Calls back after each change; returns how to stop. */
  readonly onChange: (listener: (record: SecretRecord | undefined, key: string) => void) => () => void;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

const keyOf = (workspace: string, name: string): string => `${workspace}/${name}`;

export const openSecrets = (connection: LogConnection): SecretStore => {
  const records = new Map<string, SecretRecord>();
  const listeners = new Set<(record: SecretRecord | undefined, key: string) => void>();
  const bucket = watchBucket<SecretRecord>(connection, {
    bucket: SECRETS_BUCKET,
    parse: parseSecretRecord,
    onChange: (key, record) => {
      if (record === undefined) records.delete(key);
      else records.set(key, record);
      for (const listener of [...listeners]) listener(record, key);
    },
  });
  return {
    get: (workspace, name) => records.get(keyOf(workspace, name)),
    list: () => [...records.values()],
    change: (workspace, name, change) => bucket.change(keyOf(workspace, name), change),
    remove: (workspace, name) => bucket.remove(keyOf(workspace, name)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: bucket.ready,
    close: bucket.close,
  };
};
