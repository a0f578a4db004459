import { defineWorkflow } from '@millrace/sdk';

/** The trivial workflow: what is measured is everything around it. */
export default defineWorkflow({ description: 'Answers at once' }, async ({ input }) => ({
  ok: true,
  echo: (input as { n?: number }).n,
}));
