import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeBundle } from '@millrace/contracts';
import { AppError, backoffDelay, kindOf } from '@millrace/kernel';
import { argvOf } from './scripts/interpreter.ts';

/** A version on the disk of this machine. */
export interface LocalBundle {
  /** The file, readable and executable. */
  readonly path: string;
  /** How to start it as a script. */
  readonly argv: readonly [string, ...string[]];
  /** Names of the secrets that its runs get. */
  readonly secrets: readonly string[];
}

export interface BundleCache {
  /**
   * Resolves with the version's file; fetches it at most once, however many ask.
   *
   * @throws AppError `not_found`, `unavailable` as the object store says, `bug` `bundle.corrupt` when content and name differ.
   */
  readonly load: (version: string) => Promise<LocalBundle>;
}

export interface BundleCacheOptions {
  /** Bundles are kept as `<directory>/<version>/<file>`. */
  readonly directory: string;
  readonly fetch: (version: string) => Promise<Uint8Array>;
}

const FETCHES_MAX = 5;
const BACKOFF = { first: 100, max: 2_000 };
const EXECUTABLE = 0o555;
/** Beside the file, when there are any; no bundle's file begins with a dot. */
const SECRETS_FILE = '.secrets.json';

const corrupt = (version: string, reason: string): AppError =>
  new AppError('bug', 'bundle.corrupt', `bundle ${version.slice(0, 12)}… ${reason}`);

const fetchPatiently = async ({ fetch }: BundleCacheOptions, version: string): Promise<Uint8Array> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(version);
    } catch (error) {
      if (kindOf(error) !== 'unavailable' || attempt === FETCHES_MAX) throw error;
      await delay(backoffDelay(BACKOFF, attempt));
    }
  }
};

const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'wx', EXECUTABLE);
  await file.writeFile(bytes);
  // A power cut must not leave an empty file under a name that promises its content.
  await file.sync();
};

/** Puts the bundle in place at once: a half-written one is never seen, and whoever was faster has written the same. */
const store = async (options: BundleCacheOptions, version: string): Promise<void> => {
  const object = await fetchPatiently(options, version);
  const digest = createHash('sha256').update(object).digest('hex');
  if (digest !== version) throw corrupt(version, `has the hash ${digest.slice(0, 12)}…`);
  const bundle = decodeBundle(object);
  if (bundle === undefined) throw corrupt(version, 'has no header');
  const incoming = join(options.directory, `incoming-${randomUUID()}`);
  await mkdir(incoming, { recursive: true });
  await writeDurably(join(incoming, bundle.file), bundle.bytes);
  await chmod(join(incoming, bundle.file), EXECUTABLE);
  if (bundle.secrets.length > 0)
    await writeDurably(join(incoming, SECRETS_FILE), Buffer.from(JSON.stringify(bundle.secrets)));
  await rename(incoming, join(options.directory, version)).catch(() => rm(incoming, { recursive: true }));
};

const findOnDisk = async (directory: string, version: string): Promise<LocalBundle | undefined> => {
  const folder = join(directory, version);
  const files: readonly string[] = await readdir(folder).catch(() => []);
  const file = files.find((name) => name !== SECRETS_FILE);
  if (file === undefined) return undefined;
  const path = join(folder, file);
  const secrets = files.includes(SECRETS_FILE) ? await readFile(join(folder, SECRETS_FILE), 'utf8') : '[]';
  return { path, argv: argvOf(path, await readFile(path)), secrets: JSON.parse(secrets) as readonly string[] };
};

export const makeBundleCache = (options: BundleCacheOptions): BundleCache => {
  const known = new Map<string, Promise<LocalBundle>>();
  const find = async (version: string): Promise<LocalBundle> => {
    // It becomes a folder name: nothing but a hash may pass.
    if (!/^[0-9a-f]{64}$/.test(version)) throw corrupt(version, 'is not named by a hash');
    const present = await findOnDisk(options.directory, version);
    if (present !== undefined) return present;
    await store(options, version);
    const stored = await findOnDisk(options.directory, version);
    if (stored === undefined) throw corrupt(version, 'vanished after it was written');
    return stored;
  };
  return {
    load: (version) => {
      let bundle = known.get(version);
      if (bundle === undefined) {
        bundle = find(version);
        known.set(version, bundle);
        bundle.catch(() => known.delete(version)); // the next run asks again
      }
      return bundle;
    },
  };
};
