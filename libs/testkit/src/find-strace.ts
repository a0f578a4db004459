import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolders, downloadDebianPackages, writableFolder } from '@millrace/embedded';
import { messageOf } from '@millrace/kernel';
import { makeTempFolder } from './temp-folder.ts';

const run = promisify(execFile);

/** A program and the folder of libraries that it needs besides those of the system. */
export interface Strace {
  readonly path: string;
  readonly libraries?: string;
}

/** The strace that was unpacked into `root`, with the one library that not every system has. */
const unpacked = (root: string): Strace => ({
  path: join(root, 'usr', 'bin', 'strace'),
  libraries: join(root, 'usr', 'lib', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`),
});

const onPath = (): Strace | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const path = folders.map((folder) => join(folder, 'strace')).find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : { path };
};

/** From the cache, or fetched into it by a rename, so that nobody finds half of it. */
const cached = async (): Promise<Strace> => {
  const folders = cacheFolders(process.env);
  const root = folders.map((folder) => join(folder, 'strace')).find((folder) => existsSync(unpacked(folder).path));
  if (root !== undefined) return unpacked(root);
  const cache = await writableFolder(folders);
  if (cache === undefined) throw new Error('no folder for downloads can be written to');
  const folder = join(cache, `download-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    const downloaded = await downloadDebianPackages({ folder, packages: ['strace', 'libunwind8'] });
    const target = join(cache, 'strace');
    await rm(target, { recursive: true, force: true });
    await rename(downloaded, target);
    return unpacked(target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Starts a traced program whose tracer is not its parent: it keeps the pid and the parent that it would have without. */
export const straceArguments = (output: string, calls: readonly string[]): readonly string[] => [
  '-D',
  '-f',
  '--seccomp-bpf',
  '-xx',
  // Longer than anything that is written at once: half of a string proves nothing.
  '-s',
  String(64 * 1024 * 1024),
  '-e',
  `trace=${calls.join(',')}`,
  '-o',
  output,
];

/** @throws what keeps this machine from tracing. */
const probe = async ({ path, libraries }: Strace): Promise<void> => {
  const output = join(makeTempFolder('strace-probe'), 'trace');
  const env = { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) };
  await run(path, [...straceArguments(output, ['close']), 'true'], { env, timeout: 10_000 });
  if ((await readFile(output, 'utf8')) === '') throw new Error('strace saw nothing');
};

/** The strace on `PATH`, else one from the system's archive, kept in our cache; or why programs cannot be traced here. */
export const findStrace = async (): Promise<Strace | { readonly problem: string }> => {
  if (process.platform !== 'linux') return { problem: 'strace is for Linux' };
  try {
    const strace = onPath() ?? (await cached());
    await probe(strace);
    return strace;
  } catch (error) {
    return { problem: messageOf(error).split('\n')[0] ?? 'unknown' };
  }
};
