import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineOf, startEntry, stop } from './child.ts';

/** Enough that no limit of ours is measured instead of the pipeline. */
const CONCURRENT_RUNS = '1000';

export interface Platform {
  readonly url: string;
  readonly token: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
}

/** The whole product in its own data folder, as `npm start` runs it, with strict durability. */
export const startPlatform = async (): Promise<Platform> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const child = startEntry('infra/embedded/src/main.ts', ['--port', '0'], {
    ...process.env,
    MILLRACE_DATA_DIR: dataDir,
    MILLRACE_MAX_CONCURRENT_RUNS: CONCURRENT_RUNS,
    MILLRACE_SLOTS: CONCURRENT_RUNS,
    MILLRACE_DURABILITY: 'strict',
    MILLRACE_WORKFLOWS: join(import.meta.dirname, 'workflows'),
  });
  await lineOf(child, (line) => (line.startsWith('Millrace is ready') ? true : undefined));
  const server = JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8')) as Omit<Platform, 'stop'>;
  return {
    ...server,
    stop: async () => {
      await stop(child);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
