import { AppError } from '@millrace/kernel';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type LogConnection } from './connection.ts';
import { translate, unreachable } from './log-errors.ts';
import { handleOf } from './nats-handle.ts';
import { BUNDLES_STORE } from './topology.ts';

/** Immutable bundles by version. */
export interface Bundles {
  /** Stores a bundle; one that is there already is left alone. */
  readonly put: (version: string, bytes: Uint8Array) => Promise<void>;
  /** @throws AppError `not_found` `bundle.not_found`. */
  readonly get: (version: string) => Promise<Uint8Array>;
  readonly has: (version: string) => Promise<boolean>;
}

/** Longest time that storing or loading one bundle may take. */
const TRANSFER_TIMEOUT_MS = 30_000;

const within = async <Value>(doing: string, work: Promise<Value>): Promise<Value> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(unreachable(`${doing} took too long`)), TRANSFER_TIMEOUT_MS);
  try {
    return await Promise.race([work, late.promise]);
  } catch (cause) {
    throw translate(cause, doing);
  } finally {
    clearTimeout(timer);
  }
};

export const openBundles = (connection: LogConnection): Bundles => {
  const open = async (): Promise<ObjectStore> => new Objm(handleOf(connection).nats).open(BUNDLES_STORE);
  const isThere = async (store: ObjectStore, version: string): Promise<boolean> => {
    const info = await store.info(version);
    return info !== null && !info.deleted;
  };
  const put = async (version: string, bytes: Uint8Array): Promise<void> => {
    const store = await open();
    if (await isThere(store, version)) return;
    await store.putBlob({ name: version }, bytes);
  };
  const load = async (version: string): Promise<Uint8Array> => {
    const store = await open();
    const bytes = await store.getBlob(version);
    if (bytes === null) throw new AppError('not_found', 'bundle.not_found', `there is no bundle ${version}`);
    return bytes;
  };
  return {
    put: (version, bytes) => within(`storing bundle ${version}`, put(version, bytes)),
    get: (version) => within(`loading bundle ${version}`, load(version)),
    has: (version) =>
      within(
        `looking for bundle ${version}`,
        open().then((store) => isThere(store, version)),
      ),
  };
};
