import { type CatalogEntry, parseCatalogEntry } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { CATALOG_BUCKET } from './topology.ts';
import { makeVersionKeeper } from './versions.ts';
import { watchBucket } from './watched-bucket.ts';

/** All workflows, held in memory and kept up to date. */
export interface Catalog {
  /** By `<workspace>/<path>`. */
  readonly entries: () => ReadonlyMap<string, CatalogEntry>;
  readonly get: (workspace: string, path: string) => CatalogEntry | undefined;
  /** Of two entries the one with the lower revision was stored first, for everybody; 0 when there is none. */
  readonly revisionOf: (workspace: string, path: string) => number;
  /** Resolves once stored and known here; other processes see it a moment later. */
  readonly put: (entry: CatalogEntry) => Promise<void>;
  readonly remove: (workspace: string, path: string) => Promise<void>;
  /** Calls back after each change, with `undefined` after a removal; returns how to stop. */
  readonly onChange: (listener: (key: string, entry: CatalogEntry | undefined) => void) => () => void;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

const keyOf = (workspace: string, path: string): string => `${workspace}/${path}`;

export const openCatalog = (connection: LogConnection): Catalog => {
  const entries = new Map<string, CatalogEntry>();
  const revisions = new Map<string, number>();
  const listeners = new Set<(key: string, entry: CatalogEntry | undefined) => void>();
  const keepVersion = makeVersionKeeper(connection);
  const bucket = watchBucket<CatalogEntry>(connection, {
    bucket: CATALOG_BUCKET,
    parse: parseCatalogEntry,
    onChange: (key, entry, revision) => {
      if (entry === undefined) {
        entries.delete(key);
        revisions.delete(key);
      } else {
        entries.set(key, entry);
        revisions.set(key, revision);
      }
      for (const listener of [...listeners]) listener(key, entry);
    },
  });
  return {
    entries: () => entries,
    get: (workspace, path) => entries.get(keyOf(workspace, path)),
    revisionOf: (workspace, path) => revisions.get(keyOf(workspace, path)) ?? 0,
    put: async (entry) => {
      await keepVersion(entry);
      await bucket.put(keyOf(entry.workspace, entry.path), entry);
    },
    remove: (workspace, path) => bucket.remove(keyOf(workspace, path)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: bucket.ready,
    close: bucket.close,
  };
};
