import type { WorkflowContext } from './context.ts';
import type { WorkflowDefinition } from './definition.ts';

/**
 * Marks a workflow. A registered symbol, so that a bundle with its own copy of this package is recognised too.
 *
 * @example
 * const isWorkflowExport = typeof module.default === 'object' && WORKFLOW in module.default;
 */
export const WORKFLOW: unique symbol = Symbol.for('millrace.workflow');

/**
 * The body of a workflow. What it returns (or resolves to) becomes the output of the run and must be JSON:
 * `undefined` means no output; a BigInt, a cycle or a function at the top fails the run with `output_invalid`.
 * What it throws fails the attempt with the error's message and stack.
 */
export type WorkflowHandler<Input = Record<string, unknown>> = (context: WorkflowContext<Input>) => unknown;

/** A definition and its handler, branded; made by {@link defineWorkflow} only. */
export interface Workflow<Input = Record<string, unknown>> {
  readonly [WORKFLOW]: {
    readonly definition: WorkflowDefinition;
    readonly handler: WorkflowHandler<Input>;
  };
}

/**
 * Makes a workflow: the default export of a file in `workflows/`.
 *
 * Many runs of it share one process and interleave at every `await`: keep what belongs to one run in the handler, not in
 * module variables.
 *
 * @example
 * import { defineWorkflow } from '@millrace/sdk';
 *
 * export default defineWorkflow<{ name: string }>(
 *   {
 *     description: 'Greets somebody',
 *     input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
 *     timeout: '30s',
 *   },
 *   async ({ input, log }) => {
 *     log.info('greeting', { name: input.name });
 *     return { greeting: `Hello, ${input.name}` };
 *   },
 * );
 */
export const defineWorkflow = <Input = Record<string, unknown>>(
  definition: WorkflowDefinition,
  handler: WorkflowHandler<Input>,
): Workflow<Input> => Object.freeze({ [WORKFLOW]: Object.freeze({ definition, handler }) });

/** Whether a value, such as the default export of a module, was made by {@link defineWorkflow} of any copy of this package. */
export const isWorkflow = (value: unknown): value is Workflow =>
  typeof value === 'object' && value !== null && WORKFLOW in value;
