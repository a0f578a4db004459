import { type RunPolicy, type RunRequested } from '@millrace/contracts';

export const STEP_MS = 1_000;

/** What the requests of one workflow of a `World` say. */
export interface WorldWorkflow {
  /** Runs at the same time. */
  readonly limit: number;
  readonly policy?: Partial<RunPolicy>;
  /** Concurrency key of the n-th request. */
  readonly keyOf?: (n: number) => string;
  readonly isNeverDelayed?: boolean;
}

const KEYS = 3;
const keyOf = (n: number): string => `key${n % KEYS}`;

/** Every rule that a workflow may have. */
export const WORLD_WORKFLOWS: Readonly<Record<string, WorldWorkflow>> = {
  'a/free': { limit: 99 },
  'a/one': { limit: 1 },
  'a/two': { limit: 2 },
  'a/eager': { limit: 2, policy: { onLimit: 'reject' } },
  'a/keyed': { limit: 3, policy: { keyConcurrency: 1 }, keyOf },
  'a/latest': { limit: 3, policy: { onLimit: 'cancel_previous', keyConcurrency: 1 }, keyOf, isNeverDelayed: true },
  'a/last': { limit: 1, policy: { onLimit: 'cancel_previous' }, isNeverDelayed: true },
  'a/once': { limit: 1, policy: { onLimit: 'skip' }, isNeverDelayed: true },
  'a/short': { limit: 1, policy: { queueLimit: 2 } },
  'a/rated': { limit: 99, policy: { rate: { limit: 2, periodMs: 3 * STEP_MS } } },
  'a/gpu': { limit: 2, policy: { pool: 'gpu' } },
  'a/calm': {
    limit: 2,
    policy: { debounce: { periodMs: 2 * STEP_MS, maxMs: 5 * STEP_MS } },
    keyOf,
    isNeverDelayed: true,
  },
};

const LEVELS = 3;

/** The parts of the n-th request that depend on its workflow. */
export const worldRequest = (workflow: string, n: number): Partial<RunRequested['data']> & { policy: RunPolicy } => {
  const { limit, policy, keyOf: key } = WORLD_WORKFLOWS[workflow] ?? { limit: 1 };
  const retries = { failed: n % 2, lost: n % 3 };
  return {
    policy: { timeoutMs: 1, onLimit: 'queue', retries, concurrency: limit, ...policy },
    ...(key === undefined ? {} : { concurrencyKey: key(n >> 3) }),
    priority: (n % LEVELS) - 1,
  };
};
