import { CLOUD_EVENT_BYTES_MAX, ENVIRONMENT_BYTES_MAX, INPUT_BYTES_MAX } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { checkWrittenSize } from './written-size.ts';

const NOTHING = { input: {}, env: {} };
const textOf = (bytes: number): string => 'x'.repeat(bytes - 2);

describe('the size of a request in the log', () => {
  test('is that of its JSON text in bytes', () => {
    expect(checkWrittenSize(NOTHING)).toBe(4);
    expect(checkWrittenSize({ input: ['ü', 1e20], env: { A: '\u0001' } })).toBe(28 + 14);
    expect(checkWrittenSize({ ...NOTHING, cloudEvent: { id: '1' } })).toBe(4 + 10);
  });

  test.each([
    ['input', { ...NOTHING, input: textOf(INPUT_BYTES_MAX) }, { ...NOTHING, input: textOf(INPUT_BYTES_MAX + 1) }],
    [
      'env',
      { ...NOTHING, env: { A: textOf(ENVIRONMENT_BYTES_MAX - 6) } },
      { ...NOTHING, env: { A: textOf(ENVIRONMENT_BYTES_MAX - 5) } },
    ],
    [
      'cloud_event',
      { ...NOTHING, cloudEvent: { a: textOf(CLOUD_EVENT_BYTES_MAX - 6) } },
      { ...NOTHING, cloudEvent: { a: textOf(CLOUD_EVENT_BYTES_MAX - 5) } },
    ],
  ])('is limited for its %s: exactly so many bytes are taken', (what, exact, more) => {
    expect(() => checkWrittenSize(exact)).not.toThrow();
    expect(() => checkWrittenSize(more)).toThrow(
      expect.objectContaining({ kind: 'too_large', code: `${what}.too_large` }) as Error,
    );
  });
});
