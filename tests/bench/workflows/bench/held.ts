import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow } from '@millrace/sdk';

/** One at a time, and the first one stays: every further request waits, so that accepting is measured alone. */
export default defineWorkflow(
  {
    description: 'Keeps its only slot',
    concurrency: 1,
    timeout: '10m',
    // What `--dialects` calls.
    triggers: [
      { dialect: 'hooks', id: 'token', path: '/bench/token' },
      {
        dialect: 'hooks',
        id: 'signed',
        path: '/bench/signed',
        signature: { preset: 'github', secret: 'BENCH_SECRET', repeats: 'allow' },
      },
      { dialect: 'kestra', key: 'a-key-of-the-bench' },
      { dialect: 'endpoints', execution_mode: 'async' },
      { dialect: 'sink', app_id: 'bench', path: '/held', mode: 'async' },
    ],
  },
  async ({ signal }) => {
    await sleep(600_000, undefined, { signal });
  },
);
