import { setTimeout as sleep } from 'node:timers/promises';
import { defineWorkflow } from '@millrace/sdk';

/** One at a time, and the first one stays: every further request waits, so that accepting is measured alone. */
export default defineWorkflow(
  { description: 'Keeps its only slot', concurrency: 1, timeout: '10m' },
  async ({ signal }) => {
    await sleep(600_000, undefined, { signal });
  },
);
