import { setTimeout as delay } from 'node:timers/promises';
import { seededShareOf, shardsUpTo } from '@millrace/contracts';
import { kindOf, type Milliseconds } from '@millrace/kernel';
import { Session, type SessionDeps } from './session.ts';

/** Before the next session when one could not begin or was fenced. */
const PAUSE_MS: Milliseconds = 200;

export interface Sessions {
  readonly running: () => number;
  readonly isLeased: () => boolean;
  /** Ends the current session in order; no other follows. */
  readonly drain: () => Promise<void>;
}

export interface SessionsOptions extends Omit<SessionDeps, 'executor'> {
  /** Over which the slots are divided; a session offers its share. */
  readonly shards: number;
  /** Names the process, so that all its sessions know alike which of them offer one slot more. */
  readonly seed: string;
  /** A new executor id. */
  readonly newId: () => string;
  /** What can never be lived with. */
  readonly onFatal: (error: unknown) => void;
}

/** Session after session until the service ends: whoever was fenced comes back under another name. */
const runSessions = ({ newId, onFatal, shards, seed, ...deps }: SessionsOptions): Sessions => {
  let current: Session | undefined;
  const draining = new AbortController();

  const runOne = async (): Promise<void> => {
    const slots = seededShareOf(deps.slots, shards, { shard: deps.shard, seed });
    current = new Session({ ...deps, executor: newId(), slots });
    try {
      await current.run();
    } catch (error) {
      if (kindOf(error) !== 'unavailable') throw error;
      deps.log.warn('session could not begin', { err: error });
    }
  };
  const run = async (): Promise<void> => {
    while (!draining.signal.aborted) {
      await runOne();
      await delay(PAUSE_MS, undefined, { signal: draining.signal }).catch(() => undefined); // ends early to drain
    }
  };
  const ended = run().catch(onFatal);
  return {
    running: () => current?.running ?? 0,
    isLeased: () => current?.isLeased ?? false,
    drain: async () => {
      draining.abort();
      await current?.drain();
      await ended;
    },
  };
};

/** The sessions of all shards as one. */
const joinSessions = (all: readonly Sessions[]): Sessions => ({
  running: () => all.reduce((sum, { running }) => sum + running(), 0),
  isLeased: () => all.every(({ isLeased }) => isLeased()),
  drain: async () => {
    await Promise.all(all.map(({ drain }) => drain()));
  },
});

/** What the sessions of one shard have of their own. */
export type OwnOfShard = Pick<SessionsOptions, 'processes' | 'output' | 'launch'>;

/** Sessions of all shards at the same time. */
export const runAllSessions = (
  shared: Omit<SessionsOptions, 'shard' | keyof OwnOfShard>,
  ownOf: (shard: number) => OwnOfShard,
): Sessions =>
  joinSessions(shardsUpTo(shared.shards).map((shard) => runSessions({ ...shared, shard, ...ownOf(shard) })));
