import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkUtf8 } from './check-utf8.ts';

const complaint = (bytes: Uint8Array): string => {
  try {
    checkUtf8(bytes);
    return '';
  } catch (error) {
    return String(error);
  }
};
const offsetOf = (bytes: Uint8Array): number => Number(/at byte (\d+)$/.exec(complaint(bytes))?.[1]);

test.each([
  ['a byte that is never one', [0x61, 0xff], 1],
  ['a sequence that is cut off', [0x61, 0xe2, 0x82], 1],
  ['a sequence that another byte breaks', [0xe2, 0x82, 0x41], 0],
  ['a continuation of nothing', [0x80], 0],
  ['a surrogate', [0x41, 0x42, 0xed, 0xa0, 0x80], 2],
  ['an overlong slash', [0xc0, 0xaf], 0],
])('%s', (_what, bytes, offset) => {
  expect(offsetOf(Uint8Array.from(bytes))).toBe(offset);
});

test('whatever is UTF-8 is accepted', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      expect(complaint(new TextEncoder().encode(text))).toBe('');
    }),
  );
});

test('the offset is where the longest part that is UTF-8 ends, however far that is', () => {
  const filler = fc.constantFrom('', 'a', 'ä', '€', '😀');
  fc.assert(
    fc.property(filler, fc.nat(4_200), fc.uint8Array({ minLength: 1, maxLength: 8 }), (unit, count, tail) => {
      const bytes = Buffer.concat([Buffer.from(unit.repeat(count)), tail]);
      fc.pre(!isUtf8(bytes));
      const offset = offsetOf(bytes);
      expect(isUtf8(bytes.subarray(0, offset))).toBe(true);
      for (let end = offset + 1; end <= bytes.length; end += 1) expect(isUtf8(bytes.subarray(0, end))).toBe(false);
    }),
  );
});
