import { describe, expect, test } from 'vitest';
import { describeError, encodeResult } from './workflow-result.ts';

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('the result of a workflow', () => {
  test('is JSON text, or none', () => {
    expect(encodeResult({ a: [1, null] })).toEqual({ text: '{"a":[1,null]}' });
    expect(encodeResult(undefined)).toEqual({ text: undefined });
  });

  test.each([[1n], [Symbol('x')], [(): number => 1]])('is never %s', (value) => {
    expect(encodeResult(value)).toMatchObject({ error: { code: 'output_invalid' } });
  });

  test('is measured in bytes', () => {
    expect(encodeResult('ü'.repeat(524_287))).toHaveProperty('text');
    expect(encodeResult('ü'.repeat(524_288))).toMatchObject({ error: { code: 'output_too_large' } });
  });
});

describe('what was thrown', () => {
  test('may be anything', () => {
    expect(describeError('no')).toEqual({ code: 'exception', message: 'no' });
    expect(describeError(undefined)).toEqual({ code: 'exception', message: 'undefined' });
    expect(describeError(new TypeError())).toMatchObject({ message: 'TypeError' });
  });

  test.each([
    ['has no text of its own', Object.create(null)],
    ['has a message that is no text', Object.assign(new Error('x'), { message: { code: 7 }, stack: 7 })],
    [
      'cannot be looked at',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('hidden');
          },
        },
      ),
    ],
    ['is a revoked proxy', revoked()],
  ])('is described when it %s', (_how, thrown) => {
    expect(describeError(thrown)).toMatchObject({ code: 'exception', message: expect.stringMatching(/./) as string });
    expect(
      encodeResult({
        toJSON: () => {
          throw thrown;
        },
      }),
    ).toMatchObject({ error: { code: 'output_invalid' } });
  });

  test('names files without the folders of this server, with their lines', () => {
    const folder = `/var/lib/mill race/executor/bundles/${'a'.repeat(64)}`;
    const message = `Cannot find '${folder}/no.mjs' for GET /orders/1`;
    const frames = [
      `    at charge (file://${folder.replace(' ', '%20')}/workflow.mjs:12:3)`,
      `    at async ${folder}/workflow.mjs:4:5`,
      '    at Object.pay (/opt/mill race/libs/sdk/src/pay.ts:7:1)',
      '    at new Promise (<anonymous>)',
    ];
    const thrown = Object.assign(new Error(message), { stack: [`Error: ${message}`, ...frames].join('\n') });
    expect(describeError(thrown, { folder })).toEqual({
      code: 'exception',
      message: "Cannot find 'no.mjs' for GET /orders/1",
      stack: [
        "Error: Cannot find 'no.mjs' for GET /orders/1",
        '    at charge (workflow.mjs:12:3)',
        '    at async workflow.mjs:4:5',
        '    at Object.pay (pay.ts:7:1)',
        '    at new Promise (<anonymous>)',
      ].join('\n'),
    });
  });

  test('is bounded', () => {
    const { message, stack } = describeError(new Error('x'.repeat(100_000)));
    expect([message.length, stack?.length]).toEqual([8_192, 16_384]);
  });
});
