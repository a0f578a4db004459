import { type CatalogEntry, type KeptVersion, parseKeptVersions } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { VERSIONS_BUCKET } from './topology.ts';
import { bucketStore, changeEntry, watchBucket } from './watched-bucket.ts';

/** Hex digits by which a version is named in addresses. */
export const SHORT_HASH_DIGITS = 16;

/** Every version that was ever in service, held in memory and kept up to date. */
export interface Versions {
  /**
   * @param hash All of it, or its first 16 digits.
   * @returns One for each workflow that had this very version, in the order in which they had it first: equal files under several paths
   * are equal versions.
   */
  readonly find: (workspace: string, hash: string) => readonly KeptVersion[];
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

const keyOf = (workspace: string, hash: string): string => `${workspace}/${hash.slice(0, SHORT_HASH_DIGITS)}`;

const isHash = (hash: string): boolean => /^[0-9a-f]{16,64}$/.test(hash);

export const openVersions = (connection: LogConnection): Versions => {
  const kept = new Map<string, readonly KeptVersion[]>();
  const bucket = watchBucket<readonly KeptVersion[]>(connection, {
    bucket: VERSIONS_BUCKET,
    parse: parseKeptVersions,
    onChange: (key, versions) => {
      if (versions === undefined) kept.delete(key);
      else kept.set(key, versions);
    },
  });
  return {
    find: (workspace, hash) =>
      isHash(hash)
        ? (kept.get(keyOf(workspace, hash)) ?? []).filter(({ version }) => version.version.startsWith(hash))
        : [],
    ready: bucket.ready,
    close: bucket.close,
  };
};

/** Notes versions for ever, before they are put into service: an address by hash never stops working. */
export const makeVersionKeeper = (connection: LogConnection): ((entry: CatalogEntry) => Promise<void>) => {
  const write = bucketStore(connection, VERSIONS_BUCKET);
  return async ({ workspace, path, current }) => {
    if (current === undefined) return;
    const kept: KeptVersion = { workspace, workflow: path, version: current };
    const isSame = ({ workflow, version }: KeptVersion): boolean =>
      workflow === path && version.version === current.version;
    // One that comes back keeps its place: whoever has the hash goes on to start the same workflow.
    const add = (known: readonly KeptVersion[] = []): readonly KeptVersion[] =>
      known.some(isSame) ? known.map((one) => (isSame(one) ? kept : one)) : [...known, kept];
    const key = keyOf(workspace, current.version);
    await write(`keeping version ${key}`, (kv) => changeEntry(kv, { key, parse: parseKeptVersions, change: add }));
  };
};
