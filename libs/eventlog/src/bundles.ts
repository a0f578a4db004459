import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

/** Immutable bundles by version. */
export interface Bundles {
  /** Stores a bundle; one that is there already is left alone. */
  readonly put: (version: string, bytes: Uint8Array) => Promise<void>;
  /** @throws AppError `not_found` `bundle.not_found`. */
  readonly get: (version: string) => Promise<Uint8Array>;
  readonly has: (version: string) => Promise<boolean>;
}

export const openBundles = (connection: LogConnection): Bundles => notYet(connection);
