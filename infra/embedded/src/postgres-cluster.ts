import { existsSync } from 'node:fs';
import { lchown, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@millrace/kernel';
import { type BoundProcess, type BoundProcessOptions, ownerOfFiles, startBound } from './bound-process.ts';
import { makeOutputTail } from './output-tail.ts';
import { type PostgresBinaries } from './postgres-binaries.ts';

export const POSTGRES_USER = 'postgres';
export const POSTGRES_DATABASE = 'millrace';

/** PostgreSQL refuses to run as root; this number is `nobody` nearly everywhere and owns nothing. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };
const isRoot = (): boolean => process.getuid?.() === 0;

type PostgresProcess = Pick<BoundProcessOptions, 'command' | 'args' | 'orphanSignal' | 'input' | 'onOutput'>;

/** Starts one of PostgreSQL's programs as somebody who is not root. */
export const startPostgresProgram = async (options: PostgresProcess): Promise<BoundProcess> =>
  startBound({
    ...options,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    stopSignal: 'SIGINT',
    ...(isRoot() ? { runAs: UNPRIVILEGED } : {}),
  });

/** What the operator can do about an output that we know. */
const hintFor = (output: string): string => {
  if (isRoot() && /permission denied|EACCES/i.test(output)) {
    return '\nPostgreSQL does not run as root, and user 65534 cannot reach its files: let the folders above it be entered (chmod o+x), start Millrace as another user, or set DATABASE_URL';
  }
  if (/could not look up effective user/i.test(output)) {
    return '\nPostgreSQL wants a user with an entry in /etc/passwd: start Millrace as one that has it, or set DATABASE_URL';
  }
  return '';
};

export const notStarted = (what: string, output: string): AppError =>
  new AppError('unavailable', 'postgres.not_started', `${what}:\n${output.trim()}${hintFor(output)}`);

const runToEnd = async (what: string, options: Omit<PostgresProcess, 'orphanSignal' | 'onOutput'>): Promise<void> => {
  const tail = makeOutputTail();
  const program = await startPostgresProgram({ ...options, orphanSignal: 'SIGKILL', onOutput: tail.add });
  const { code } = await program.exited;
  if (code !== 0) throw notStarted(`${what} failed`, tail.text());
};

/** PostgreSQL starts only on files of its own. Those of a cluster may be somebody else's when it was made on another machine. */
const own = async (path: string): Promise<void> => {
  if (!isRoot()) return;
  const { uid, gid } = ownerOfFiles(UNPRIVILEGED);
  const found = await stat(path);
  if (found.uid === uid) return;
  const inside = found.isDirectory() ? await readdir(path, { recursive: true }) : [];
  for (const file of [...inside.map((name) => join(path, name)), path]) await lchown(file, uid, gid);
};

export interface ClusterOptions {
  readonly binaries: PostgresBinaries;
  readonly folder: string;
  readonly password: string;
}

/**
 * Makes the cluster and its database once: UTF-8, C locale, password required. Works in a draft folder and
 * renames it, so that an interrupted first start leaves nothing half made.
 */
export const ensureCluster = async ({ binaries, folder, password }: ClusterOptions): Promise<void> => {
  if (existsSync(join(folder, 'PG_VERSION'))) {
    await own(folder);
    return;
  }
  const draft = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await own(draft);
  await writeFile(passwordFile, password, { mode: 0o600 });
  await own(passwordFile);
  const login = [`--username=${POSTGRES_USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const text = ['--encoding=UTF8', '--locale=C', '--no-instructions'];
  await runToEnd('initdb', { command: binaries.initdb, args: [`--pgdata=${draft}`, ...login, ...text] });
  await rm(passwordFile, { force: true });
  const input = `CREATE DATABASE ${POSTGRES_DATABASE};\n`;
  await runToEnd('CREATE DATABASE', { command: binaries.postgres, args: ['--single', '-D', draft, 'postgres'], input });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
};
