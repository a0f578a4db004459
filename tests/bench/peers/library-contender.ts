import { type Contender, epochNow, JSON_HEADERS, type Kind, postJob, type Target } from './contender.ts';
import { installPeer } from './install.ts';
import { type LibraryProcess, startLibraryProcess } from './processes.ts';

/** What stands behind a library: Redis or Postgres. */
export interface Backing {
  readonly pid: number;
  /** How the peer reaches it. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stop: () => Promise<unknown>;
}

export interface LibraryOptions {
  /** Folder here, and package whose version is shown. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly durability: string;
  /** `true`: the peer runs jobs in the process that takes them; else front and worker have a process each. */
  readonly isOneProcess: boolean;
  readonly hasWait: boolean;
  readonly startBacking: () => Promise<Backing>;
}

const askFront = async (front: string, method: string, path: string): Promise<unknown> => {
  const response = await fetch(`${front}${path}`, { method, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
};

const contenderOf = (
  options: LibraryOptions,
  backing: Backing,
  [front, worker]: readonly [LibraryProcess, LibraryProcess],
): Contender => {
  const url = `http://127.0.0.1:${front.port}`;
  const target = (path: string): Target => ({ url, path, headers: JSON_HEADERS });
  let clocks = 0;
  return {
    name: options.name,
    version: options.version,
    durability: options.durability,
    isDurable: true,
    front: options.isOneProcess ? 'fastify, jobs run in the same process' : 'fastify; jobs run in a second process',
    accept: (kind) => target(`/run/${kind}`),
    wait: (kind) => (options.hasWait ? target(`/wait/${kind}`) : undefined),
    haveEnded: async (kind: Kind, acceptedInAll) => {
      if (worker.done(kind) < acceptedInAll) return false;
      const { open } = (await askFront(url, 'GET', `/open/${kind}`)) as { open: number };
      return open === 0;
    },
    triggerToStart: async () => {
      clocks += 1;
      const started = worker.startOf(clocks);
      started.catch(() => undefined); // a refused POST is told first
      const sentAt = epochNow();
      await postJob(target('/run/clock'), clocks);
      return (await started) - sentAt;
    },
    dropHeld: async () => {
      await askFront(url, 'DELETE', '/held');
    },
    pids: () => [...new Set([backing.pid, front.pid, worker.pid])],
    stop: async () => {
      await front.stop();
      await worker.stop();
      await backing.stop();
    },
  };
};

/** A peer that is a library: installed, with its store and one or two processes. @throws why it cannot be had. */
export const startLibrary = async (options: LibraryOptions): Promise<Contender> => {
  const folder = await installPeer(options.folder);
  const backing = await options.startBacking();
  const started: LibraryProcess[] = [];
  const start = async (roles: readonly ('front' | 'worker')[]): Promise<LibraryProcess> => {
    const process = await startLibraryProcess({ folder, roles, settings: backing.settings });
    started.push(process);
    return process;
  };
  try {
    if (options.isOneProcess) {
      const both = await start(['front', 'worker']);
      return contenderOf(options, backing, [both, both]);
    }
    const worker = await start(['worker']);
    return contenderOf(options, backing, [await start(['front']), worker]);
  } catch (error) {
    for (const process of started) await process.stop();
    await backing.stop();
    throw error;
  }
};
