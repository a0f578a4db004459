/** Nothing but the platform around it: what `npm run bench` measures. */
import { defineWorkflow } from '@millrace/sdk';

export default defineWorkflow<{ readonly n?: number }>({ description: 'Does nothing' }, ({ input }) => ({
  ok: true,
  echo: input.n ?? null,
}));
