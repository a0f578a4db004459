/**
 * Peers live outside the workspace: each has a folder here with its own package-lock.json, and is installed by `npm ci` into a copy of
 * that folder in our cache, named for what it holds. Programs of Debian are unpacked into the same cache.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolders, downloadDebianPackages, writableFolder } from '@millrace/embedded';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 300_000;
/** Of what npm says, the rest is its manual. */
const NPM_LINES_MAX = 3;
const LIBRARY = join(import.meta.dirname, 'library');

const cacheFolder = async (): Promise<string> => {
  const cache = await writableFolder(cacheFolders(process.env));
  if (cache === undefined) throw new Error('no folder for downloads can be written to');
  const folder = join(cache, 'peers');
  await mkdir(folder, { recursive: true });
  return folder;
};

/** Makes a folder of the cache once: in a draft that is renamed, so that nobody finds half of it. */
const makeOnce = async (name: string, make: (draft: string) => Promise<string>): Promise<string> => {
  const cache = await cacheFolder();
  const target = join(cache, name);
  if (existsSync(target)) return target;
  const draft = join(cache, `draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(draft, { recursive: true });
    const made = await make(draft);
    await rename(made, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error; // somebody else was faster
    });
    return target;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

/** npm as it called us, else the one on PATH. */
const npmCommand = (): readonly [string, readonly string[]] => {
  const script = process.env['npm_execpath'] ?? '';
  return /npm-cli\.c?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
};

const npmCi = async (folder: string): Promise<void> => {
  const [command, first] = npmCommand();
  const args = [...first, 'ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  // npm would take our own settings of the outer `npm run` for those of this install.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry)/i.test(name)),
  );
  try {
    await run(command, args, { cwd: folder, env, timeout: INSTALL_TIMEOUT_MS });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    const lines = said.split('\n').filter((line) => line.startsWith('npm error') && line.trim() !== 'npm error');
    throw new Error(`npm ci: ${lines.slice(0, NPM_LINES_MAX).join(' ') || said.slice(0, 300)}`, { cause });
  }
};

const PACKAGE_FILES = ['package.json', 'package-lock.json'];

/** @returns a folder with the peer's packages, its own files and the front and worker of libraries. @throws what npm says. */
export const installPeer = async (name: string): Promise<string> => {
  const source = join(import.meta.dirname, name);
  const lock = await readFile(join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = await makeOnce(`${name}-${version}`, async (draft) => {
    for (const file of PACKAGE_FILES) await cp(join(source, file), join(draft, file));
    await npmCi(draft);
    return draft;
  });
  for (const origin of [source, LIBRARY]) {
    const files = (await readdir(origin)).filter((file) => file.endsWith('.mjs'));
    for (const file of files) await cp(join(origin, file), join(folder, file));
  }
  return folder;
};

export interface DebianProgram {
  readonly path: string;
  /** With the libraries that came along. */
  readonly env: NodeJS.ProcessEnv;
}

/** A program of a Debian package of the system's own archive, unpacked with what it needs. @throws where there is none. */
export const fetchDebianProgram = async (packageName: string, program: string): Promise<DebianProgram> => {
  const root = await makeOnce(`debian-${packageName}`, (draft) =>
    downloadDebianPackages({ folder: draft, packages: [packageName], withMissing: true }),
  );
  const libraries = join(root, 'usr', 'lib', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`);
  return { path: join(root, program), env: { ...process.env, LD_LIBRARY_PATH: libraries } };
};
