import { describe, expect, test } from 'vitest';
import { type WorkflowVersion } from '@millrace/contracts';
import { makeInputCheck } from './input-validation.ts';

const versionWith = (inputSchema: unknown, version = JSON.stringify(inputSchema)): WorkflowVersion => ({
  version,
  kind: 'script',
  file: 'a.sh',
  description: '',
  inputSchema,
  methods: ['POST'],
  policy: { timeoutMs: 1, onLimit: 'queue', retries: { failed: 0, lost: 0 } },
  deployedAt: '',
  deployedFrom: 'a/b.sh',
});

describe('input check', () => {
  const check = makeInputCheck();

  test('lets everything pass where no schema is declared', () => {
    expect(() => check(versionWith(undefined), { anything: [1] })).not.toThrow();
  });

  test.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema', undefined])(
    'understands %s',
    ($schema) => {
      const schema = {
        ...($schema === undefined ? {} : { $schema }),
        type: 'object',
        required: ['n'],
        properties: { n: { type: 'integer' } },
      };
      expect(() => check(versionWith(schema), { n: 1 })).not.toThrow();
      expect(() => check(versionWith(schema), {})).toThrow("input must have required property 'n'");
      expect(() => check(versionWith(schema), { n: 'x' })).toThrow('input.n must be integer');
    },
  );

  test('takes two versions of a schema with the same $id', () => {
    const schema = (type: string) => ({ $id: 'https://example.test/input', type });
    expect(() => check(versionWith(schema('object')), {})).not.toThrow();
    expect(() => check(versionWith(schema('array')), {})).toThrow('input must be array');
  });

  test('says so when a schema cannot be used', () => {
    expect(() => check(versionWith({ type: 'nonsense' }), {})).toThrow(/input schema of this workflow cannot be used/);
  });

  test('checks arguments of main, and no event that its preprocessor makes them of', () => {
    const schema = { type: 'object', required: ['items'] };
    const prepared: WorkflowVersion = { ...versionWith(schema, 'prepared'), preprocessor: true };
    expect(() => check(prepared, { $preprocess: true, event: {} })).not.toThrow();
    expect(() => check(prepared, { event: {} })).toThrow('required');
    expect(() => check(versionWith(schema), { $preprocess: true, event: {} })).toThrow('required');
  });

  test('keeps a bounded number of compiled schemas', () => {
    for (let i = 0; i < 1_010; i += 1) check(versionWith({ type: 'object' }, `v${i}`), {});
    expect(() => check(versionWith({ type: 'object' }, 'v0'), [])).toThrow('input must be object');
  });
});
