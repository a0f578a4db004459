import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AppError, messageOf } from '@millrace/kernel';
import { cacheFolders, writableFolder } from './cache-folder.ts';
import { debianSuites, downloadDebianPackages } from './debian-package.ts';
import { NATS_FLOOR } from './nats-release.ts';
import { downloadRelease, releaseArchive } from './official-release.ts';
import { isAtLeast, readServerVersion } from './server-version.ts';

export interface NatsServer {
  readonly path: string;
  /** `major.minor.patch`. */
  readonly version: string;
  readonly origin: 'NATS_SERVER_BIN' | 'PATH' | 'cache' | 'release' | 'debian';
}

export interface FindNatsServerOptions {
  /** Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told each step in one line. */
  readonly onStep?: (line: string) => void;
  /** For GitHub to answer. Default 3 s: many machines cannot reach it, and there is another way. */
  readonly releaseTimeoutMs?: number;
}

interface Search {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onStep: (line: string) => void;
  readonly releaseTimeoutMs: number;
}

const PROGRAM = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The server at `path` when it is there, runs and is new enough. */
const usable = async (path: string, origin: NatsServer['origin'], search: Search): Promise<NatsServer | undefined> => {
  if (!(await isFile(path))) return undefined;
  const version = await readServerVersion(path);
  if (version === undefined) {
    search.onStep(`${path} does not say its version, going on`);
    return undefined;
  }
  if (isAtLeast(version, NATS_FLOOR)) return { path, version, origin };
  search.onStep(`${path} is ${version}, older than ${NATS_FLOOR}, going on`);
  return undefined;
};

const fromVariable = async (search: Search): Promise<NatsServer | undefined> => {
  const path = search.env['NATS_SERVER_BIN'];
  if (path === undefined || path === '') return undefined;
  const found = await usable(path, 'NATS_SERVER_BIN', search);
  if (found === undefined) {
    throw new AppError(
      'invalid',
      'nats.bad_binary',
      `NATS_SERVER_BIN=${path} is no nats-server ${NATS_FLOOR} or newer`,
    );
  }
  return found;
};

const fromPath = async (search: Search): Promise<NatsServer | undefined> => {
  for (const folder of (search.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const found = await usable(join(folder, PROGRAM), 'PATH', search);
    if (found !== undefined) return found;
  }
  return undefined;
};

const fromCache = async (search: Search): Promise<NatsServer | undefined> => {
  for (const folder of cacheFolders(search.env)) {
    const found = await usable(join(folder, PROGRAM), 'cache', search);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * Lets `download` put a program into a folder of its own and moves it into the cache by a rename:
 * whoever starts at the same time does the same work twice at worst, and never runs half a file.
 */
const intoCache = async (
  origin: NatsServer['origin'],
  search: Search,
  download: (folder: string) => Promise<string>,
): Promise<NatsServer | undefined> => {
  const cache = await writableFolder(cacheFolders(search.env));
  if (cache === undefined) throw new AppError('refused', 'nats.no_cache', 'no folder for downloads can be written to');
  const folder = join(cache, `download-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    const found = await usable(await download(folder), origin, search);
    if (found === undefined) return undefined;
    const staged = join(folder, 'staged');
    await copyFile(found.path, staged);
    await chmod(staged, 0o755);
    const path = join(cache, PROGRAM);
    await rename(staged, path);
    search.onStep(`kept nats-server ${found.version} as ${path}`);
    return { ...found, path };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const fromRelease = async (search: Search): Promise<NatsServer | undefined> => {
  const archive = releaseArchive({ platform: process.platform, arch: process.arch });
  if (archive === undefined) return undefined;
  search.onStep(`fetching ${archive.url}`);
  return intoCache('release', search, (folder) =>
    downloadRelease({ archive, folder, timeoutMs: search.releaseTimeoutMs }),
  );
};

const fromDebian = async (search: Search): Promise<NatsServer | undefined> => {
  for (const suite of await debianSuites()) {
    search.onStep(`fetching Debian's package of nats-server from the suite ${suite}`);
    const found = await quietly(search, () =>
      intoCache('debian', search, async (folder) => {
        const root = await downloadDebianPackages({ folder, suite, packages: ['nats-server'] });
        return join(root, 'usr', 'sbin', 'nats-server');
      }),
    );
    if (found !== undefined) return found;
  }
  return undefined;
};

const reason = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
  return `${messageOf(error)}${cause}`.split('\n').join(' ').slice(0, 300);
};

/** A download that fails is a step that did not help, not the end of the search. */
const quietly = async (
  search: Search,
  step: () => Promise<NatsServer | undefined>,
): Promise<NatsServer | undefined> => {
  try {
    return await step();
  } catch (error) {
    search.onStep(reason(error));
    return undefined;
  }
};

const WAYS = `No nats-server ${NATS_FLOOR} or newer was found or could be fetched. Any one of these helps:
  - set NATS_SERVER_BIN to the path of one
  - put one on PATH (https://github.com/nats-io/nats-server/releases)
  - put one into the cache, ~/.cache/millrace/${PROGRAM}
  - let this machine reach github.com, or its own Debian or Ubuntu archive
  - set NATS_URL to a server that runs already`;

/**
 * Finds a nats-server that is new enough, or fetches one into the cache. The order: `NATS_SERVER_BIN`, `PATH`,
 * our cache, the official release, the archive of Debian or Ubuntu. Safe to call from several processes at once.
 *
 * @throws AppError `unavailable` `nats.not_found` that lists the ways; `invalid` `nats.bad_binary`.
 */
export const findNatsServer = async (options: FindNatsServerOptions = {}): Promise<NatsServer> => {
  const search: Search = {
    env: options.env ?? process.env,
    onStep: options.onStep ?? (() => undefined),
    releaseTimeoutMs: options.releaseTimeoutMs ?? 3_000,
  };
  const found =
    (await fromVariable(search)) ??
    (await fromPath(search)) ??
    (await fromCache(search)) ??
    (await quietly(search, () => fromRelease(search))) ??
    (await fromDebian(search));
  if (found === undefined) throw new AppError('unavailable', 'nats.not_found', WAYS);
  return found;
};
