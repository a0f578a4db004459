import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPeerPostgres } from './backings.ts';
import { startBullmq } from './bullmq/contender.ts';
import { type Contender } from './contender.ts';
import { startLibrary } from './library-contender.ts';
import { startRestate } from './restate/contender.ts';
import { startWebhook } from './webhook/contender.ts';

/** A peer as it is asked for by name. */
export interface Peer {
  readonly name: string;
  readonly start: () => Promise<Contender>;
}

const POSTGRES_DURABILITY = 'kill and power cut: kept (Postgres, synchronous_commit on)';

/** The version that the peer's own folder pins. */
const pinnedVersion = async (folder: string, dependency: string): Promise<string> => {
  const text = await readFile(join(import.meta.dirname, folder, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Readonly<Record<string, string>> };
  return dependencies[dependency] ?? 'unknown';
};

interface OnPostgres {
  readonly folder: string;
  readonly name: string;
  readonly dependency: string;
  readonly isOneProcess: boolean;
  readonly hasWait: boolean;
}

const startOnPostgres = async ({ folder, name, dependency, isOneProcess, hasWait }: OnPostgres): Promise<Contender> =>
  startLibrary({
    folder,
    name,
    version: await pinnedVersion(folder, dependency),
    durability: POSTGRES_DURABILITY,
    isOneProcess,
    hasWait,
    startBacking: startPeerPostgres,
  });

export const PEERS: readonly Peer[] = [
  {
    name: 'bullmq-everysec',
    start: async () => startBullmq('everysec', await pinnedVersion('bullmq', 'bullmq')),
  },
  { name: 'bullmq-always', start: async () => startBullmq('always', await pinnedVersion('bullmq', 'bullmq')) },
  {
    name: 'pg-boss',
    start: () =>
      startOnPostgres({
        folder: 'pg-boss',
        name: 'pg-boss',
        dependency: 'pg-boss',
        isOneProcess: false,
        hasWait: false,
      }),
  },
  {
    name: 'graphile-worker',
    start: () =>
      startOnPostgres({
        folder: 'graphile-worker',
        name: 'graphile-worker',
        dependency: 'graphile-worker',
        isOneProcess: false,
        hasWait: false,
      }),
  },
  {
    name: 'dbos',
    start: () =>
      startOnPostgres({
        folder: 'dbos',
        name: 'DBOS',
        dependency: '@dbos-inc/dbos-sdk',
        isOneProcess: true,
        hasWait: true,
      }),
  },
  { name: 'restate', start: async () => startRestate(await pinnedVersion('restate', '@restatedev/restate-server')) },
  { name: 'webhook', start: startWebhook },
];
