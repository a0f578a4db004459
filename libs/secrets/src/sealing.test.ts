import { randomBytes } from 'node:crypto';
import { type SealedValue } from '@millrace/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MasterKey, parseKeyRing } from './master-key.ts';
import { fingerprintOf, openValue, sealValue } from './sealing.ts';

const ring = (...keys: readonly string[]) => parseKeyRing(keys.join('\n'), 'test');
const newKey = (): string => randomBytes(32).toString('base64');
const currentOf = (text: string): MasterKey => {
  const { current } = ring(text);
  if (current === undefined) throw new Error('no key');
  return current;
};

const KEY = newKey();
const PLACE = { workspace: 'default', name: 'API_KEY' };
const AT = '2026-01-02T03:04:05.678Z';
const seal = (value: string, key = KEY): SealedValue => sealValue(currentOf(key), PLACE, value, AT);

describe('a sealed value', () => {
  test('opens to what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
        expect(openValue(ring(KEY), PLACE, seal(value))).toEqual({ outcome: 'opened', value });
      }),
    );
  });

  test('is another one each time, and shows nothing of the value', () => {
    const [one, two] = [seal('correct horse'), seal('correct horse')];
    expect(one.iv).not.toBe(two.iv);
    expect(one.data).not.toBe(two.data);
    expect(Buffer.from(one.iv, 'base64')).toHaveLength(12);
    expect(Buffer.from(one.data, 'base64').toString('latin1')).not.toContain('correct');
  });

  test('is refused when any of its bits was changed', () => {
    const sealed = seal('correct horse');
    for (const member of ['iv', 'data'] as const) {
      const bytes = Buffer.from(sealed[member], 'base64');
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const tampered = { ...sealed, [member]: changed.toString('base64') };
        expect(openValue(ring(KEY), PLACE, tampered)).toEqual({ outcome: 'damaged' });
      }
    }
  });

  test.each([
    ['another name', { ...PLACE, name: 'API_KEY_2' }],
    ['another workspace', { ...PLACE, workspace: 'other' }],
    ['a boundary elsewhere', { workspace: 'defaul', name: 'tAPI_KEY' }],
  ])('is refused under %s', (_, place) => {
    expect(openValue(ring(KEY), place, seal('x'))).toEqual({ outcome: 'damaged' });
  });

  test('is refused when it is cut short, or no base64 at all', () => {
    const sealed = seal('correct horse');
    for (const data of ['', 'AAAA', sealed.data.slice(0, 24), '§§§']) {
      expect(openValue(ring(KEY), PLACE, { ...sealed, data })).toEqual({ outcome: 'damaged' });
    }
  });

  test('opens with an older key of the ring, and with no other key', () => {
    const [newer, other] = [newKey(), newKey()];
    expect(openValue(ring(newer, KEY), PLACE, seal('x'))).toEqual({ outcome: 'opened', value: 'x' });
    expect(openValue(ring(other), PLACE, seal('x'))).toEqual({ outcome: 'unknown_key' });
    expect(openValue(ring(other), PLACE, { ...seal('x'), keyId: currentOf(other).id })).toEqual({ outcome: 'damaged' });
  });
});

test('a fingerprint is that of the value, the name and the key', () => {
  const of = (value: string, name = 'A', key = KEY): string =>
    fingerprintOf(currentOf(key), { workspace: 'default', name }, value);
  expect(of('x')).toMatch(/^[0-9a-f]{12}$/);
  expect(of('x')).toBe(of('x'));
  expect(new Set([of('x'), of('y'), of('x', 'B'), of('x', 'A', newKey())]).size).toBe(4);
});
