import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutToWritten, writtenBytes } from './written-size.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 });

test('whatever a text holds, it takes at most so many bytes in an event', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 8, max: 300 }), (long, most) => {
      const cut = cutToWritten(long, most);
      expect(writtenBytes(cut)).toBeLessThanOrEqual(most);
      if (writtenBytes(long) <= most) expect(cut).toBe(long);
      else expect([cut.at(-1), long.startsWith(cut.slice(0, -1))]).toEqual(['…', true]);
    }),
  );
});

test('as much as fits is kept, and no character is cut in two', () => {
  expect(cutToWritten('abcdefgh', 9)).toBe('abcd…');
  expect(cutToWritten('\u0000\u0000', 13)).toBe('\u0000…');
  expect(cutToWritten('a😀😀', 10)).toBe('a😀…');
});
