import { type CatalogEntry } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

/** All workflows, held in memory and kept up to date. */
export interface Catalog {
  /** By `<workspace>/<path>`. */
  readonly entries: () => ReadonlyMap<string, CatalogEntry>;
  readonly get: (workspace: string, path: string) => CatalogEntry | undefined;
  /** Resolves once stored; this and other processes see it a moment later. */
  readonly put: (entry: CatalogEntry) => Promise<void>;
  readonly remove: (workspace: string, path: string) => Promise<void>;
  /** Calls back after each change, `undefined` after a removal; returns how to stop. */
  readonly onChange: (listener: (key: string, entry: CatalogEntry | undefined) => void) => () => void;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export const openCatalog = (connection: LogConnection): Catalog => notYet(connection);
