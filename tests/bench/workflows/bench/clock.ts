import { defineWorkflow } from '@millrace/sdk';

/** Says when its first line ran, in milliseconds since the epoch with fractions. */
export default defineWorkflow({ description: 'Tells when it started' }, async () => ({
  startedAt: performance.timeOrigin + performance.now(),
}));
