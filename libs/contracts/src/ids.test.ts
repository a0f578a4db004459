import { describe, expect, test } from 'vitest';
import { formatTraceparent, isRunId, parseTraceparent, uuidV7, uuidV7TimeMs } from './ids.ts';

const random = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 255]);

describe('uuidV7', () => {
  test('carries the time first, then version 7 and variant 10', () => {
    expect(uuidV7(0x0193_a5f0_7c1e, random)).toBe('0193a5f0-7c1e-7102-8304-0506070809ff');
  });

  test('tells its time', () => {
    expect(uuidV7TimeMs(uuidV7(0x0193_a5f0_7c1e, random))).toBe(0x0193_a5f0_7c1e);
  });

  test('is a run id, and nothing near it is', () => {
    expect(isRunId(uuidV7(1, random))).toBe(true);
    for (const text of ['', '..', '0193a5f0-7c1e-4102-8304-0506070809ff', `${uuidV7(1, random)} `])
      expect(isRunId(text)).toBe(false);
  });
});

describe('traceparent', () => {
  const text = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  test('is read and written', () => {
    const context = parseTraceparent(text);
    expect(context).toEqual({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', flags: '01' });
    if (context !== undefined) expect(formatTraceparent(context)).toBe(text);
  });

  test.each([
    undefined,
    '',
    'x',
    text.toUpperCase(),
    text.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    `${text}-x`,
  ])('ignores %j', (bad) => {
    expect(parseTraceparent(bad)).toBeUndefined();
  });
});
