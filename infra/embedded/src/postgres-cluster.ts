import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@millrace/kernel';
import { type BoundProcess, type BoundProcessOptions, startBound } from './bound-process.ts';
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
    return '\nPostgreSQL does not run as root, and user 65534 cannot reach its files: install setpriv (util-linux), start Millrace as another user, or set DATABASE_URL';
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

const giveAway = async (path: string): Promise<void> => {
  if (isRoot()) await chown(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
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
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  const draft = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await giveAway(draft);
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveAway(passwordFile);
  const login = [`--username=${POSTGRES_USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  const text = ['--encoding=UTF8', '--locale=C', '--no-instructions'];
  await runToEnd('initdb', { command: binaries.initdb, args: [`--pgdata=${draft}`, ...login, ...text] });
  await rm(passwordFile, { force: true });
  const input = `CREATE DATABASE ${POSTGRES_DATABASE};\n`;
  await runToEnd('CREATE DATABASE', { command: binaries.postgres, args: ['--single', '-D', draft, 'postgres'], input });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
};
