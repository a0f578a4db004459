import { DEFAULT_WORKSPACE, type SecretRecord } from '@millrace/contracts';
import { type LogConnection, openSecrets, type SecretStore } from '@millrace/eventlog';
import { type Logger, registerSecretValues } from '@millrace/runtime';
import { fingerprintOf, openValue } from './sealing.ts';
import { type KeyRing } from './master-key.ts';

/** What is known of a secret in this process. */
export interface OpenSecret {
  /** All that can be opened, the newest first. */
  readonly values: readonly string[];
  /** Patterns of the workflows that may read it; `undefined`: all. */
  readonly workflows: readonly string[] | undefined;
  /** Values that no key of this process opens. */
  readonly unopened: number;
}

/** Secrets in the clear: in the memory of this process only, changed within a moment of a change anywhere. */
export interface SecretValues {
  /** All valid values, the newest first; none when there is no such secret or no key opens it. */
  readonly valuesOf: (name: string) => readonly string[];
  readonly get: (name: string) => OpenSecret | undefined;
  /** Calls back with the name after each change; returns how to stop. */
  readonly onChange: (listener: (name: string) => void) => () => void;
  /** Resolves when everything that was stored before has been opened. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export interface SecretValuesOptions {
  readonly ring: KeyRing;
  readonly log: Logger;
  /** One that is open already; it is not closed with the values. */
  readonly store?: SecretStore;
}

/** Opens every value of a record that the ring can open. */
export const openRecord = (record: SecretRecord, ring: KeyRing): OpenSecret => {
  const opened = record.values.map((sealed) => openValue(ring, record, sealed));
  const values = opened.flatMap((one) => (one.outcome === 'opened' ? [one.value] : []));
  return { values, workflows: record.workflows, unopened: opened.length - values.length };
};

/** For each value of a record: what tells it from others, `undefined` when no key opens it. */
export const fingerprintsOf = (record: SecretRecord, ring: KeyRing): readonly (string | undefined)[] =>
  record.values.map((sealed) => {
    const key = ring.byId.get(sealed.keyId);
    const opened = openValue(ring, record, sealed);
    return key === undefined || opened.outcome !== 'opened' ? undefined : fingerprintOf(key, record, opened.value);
  });

const namedIn = (key: string): { readonly workspace: string; readonly name: string } => {
  const slash = key.indexOf('/');
  return { workspace: key.slice(0, slash), name: key.slice(slash + 1) };
};

/**
 * Opens the secrets of the default workspace and keeps them up to date. Their values are taken out of this process' log and spans
 * from then on. What no key opens is reported by its name in the log, and has no value.
 */
export const openSecretValues = (
  connection: LogConnection,
  { ring, log, store: given }: SecretValuesOptions,
): SecretValues => {
  const byName = new Map<string, OpenSecret>();
  const listeners = new Set<(name: string) => void>();
  const store = given ?? openSecrets(connection);

  const keep = (name: string, record: SecretRecord): void => {
    const secret = openRecord(record, ring);
    registerSecretValues(secret.values);
    byName.set(name, secret);
    if (secret.unopened === 0) return;
    const keyIds = [...new Set(record.values.map(({ keyId }) => keyId))];
    log.warn(`the secret ${name} has values that no master key of this process opens`, { keyIds });
  };
  const apply = (record: SecretRecord | undefined, key: string): void => {
    const { workspace, name } = namedIn(key);
    if (workspace !== DEFAULT_WORKSPACE) return;
    if (record === undefined) byName.delete(name);
    else keep(name, record);
    for (const listener of [...listeners]) listener(name);
  };
  const stop = store.onChange(apply);
  for (const record of store.list()) apply(record, `${record.workspace}/${record.name}`);
  return {
    valuesOf: (name) => byName.get(name)?.values ?? [],
    get: (name) => byName.get(name),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: store.ready,
    close: async () => {
      stop();
      if (given === undefined) await store.close();
    },
  };
};
