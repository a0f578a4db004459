import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '@millrace/kernel';
import { NATS_RELEASE } from './nats-release.ts';

const run = promisify(execFile);

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm7' };

export interface Platform {
  readonly platform: string;
  readonly arch: string;
}

export interface ReleaseArchive {
  /** Name of the archive without its ending; also the folder inside it. */
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
}

/** The archive of the pinned release for a platform; `undefined` when no checksum of one is pinned. */
export const releaseArchive = ({ platform, arch }: Platform): ReleaseArchive | undefined => {
  const target = `${PLATFORMS[platform] ?? ''}-${ARCHITECTURES[arch] ?? ''}`;
  const sha256 = new Map<string, string>(Object.entries(NATS_RELEASE.sha256)).get(target);
  if (sha256 === undefined) return undefined;
  const name = `nats-server-v${NATS_RELEASE.version}-${target}`;
  const ending = platform === 'win32' ? 'zip' : 'tar.gz';
  return { name, sha256, url: `${NATS_RELEASE.origin}/v${NATS_RELEASE.version}/${name}.${ending}` };
};

export interface DownloadOptions {
  /** An empty folder that is ours alone. */
  readonly folder: string;
  /** For connection and answer; the transfer itself may take ten times as long. */
  readonly timeoutMs: number;
  readonly archive: ReleaseArchive;
}

const fetchArchive = async ({ archive, timeoutMs }: DownloadOptions): Promise<Uint8Array> => {
  const stop = new AbortController();
  const answered = setTimeout(() => stop.abort(), timeoutMs);
  const transferred = setTimeout(() => stop.abort(), timeoutMs * 10);
  try {
    const response = await fetch(archive.url, { signal: stop.signal });
    clearTimeout(answered);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new AppError('unavailable', 'nats.download_failed', `${archive.url} could not be fetched`, { cause });
  } finally {
    clearTimeout(answered);
    clearTimeout(transferred);
  }
};

/**
 * Fetches the archive, checks its SHA-256 and unpacks it.
 *
 * @returns path of the program.
 * @throws AppError `unavailable` `nats.download_failed`; `refused` `nats.checksum` when the archive is not the pinned one.
 */
export const downloadRelease = async (options: DownloadOptions): Promise<string> => {
  const { archive, folder } = options;
  const bytes = await fetchArchive(options);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== archive.sha256) {
    throw new AppError('refused', 'nats.checksum', `${archive.url} has SHA-256 ${actual}, expected ${archive.sha256}`);
  }
  await mkdir(folder, { recursive: true });
  const file = join(folder, archive.url.endsWith('.zip') ? 'archive.zip' : 'archive.tar.gz');
  await writeFile(file, bytes);
  // Windows has a tar that reads zip archives as well.
  await run('tar', ['-xf', file, '-C', folder]);
  return join(folder, archive.name, archive.url.endsWith('.zip') ? 'nats-server.exe' : 'nats-server');
};
