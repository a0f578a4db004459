import { describe, expect, test } from 'vitest';
import { defineWorkflow, isWorkflow, WORKFLOW } from './define-workflow.ts';

describe('defineWorkflow', () => {
  test('keeps definition and handler behind the registered symbol', () => {
    const handler = (): string => 'done';
    const workflow = defineWorkflow({ description: 'x', timeout: '15m' }, handler);
    expect(workflow[WORKFLOW]).toEqual({ definition: { description: 'x', timeout: '15m' }, handler });
    expect(WORKFLOW).toBe(Symbol.for('millrace.workflow'));
  });

  test('is recognised when another copy of the package made it', () => {
    expect(isWorkflow({ [Symbol.for('millrace.workflow')]: {} })).toBe(true);
  });

  test.each([undefined, null, 'workflow', () => 1, { default: 1 }])('%o is no workflow', (value) => {
    expect(isWorkflow(value)).toBe(false);
  });

  test('types the input of the handler', () => {
    defineWorkflow<{ name: string }>({}, ({ input }) => input.name.toUpperCase());
  });
});
