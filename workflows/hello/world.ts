/** The smallest workflow that does something. */
import { defineWorkflow } from '@millrace/sdk';

export default defineWorkflow<{ readonly name?: string }>(
  {
    description: 'Greets somebody, or the world',
    input: { type: 'object', properties: { name: { type: 'string', maxLength: 100 } } },
    methods: ['GET', 'POST'],
  },
  ({ input, log }) => {
    const greeting = `Hello, ${input.name ?? 'world'}!`;
    log.info(greeting);
    return { greeting };
  },
);
