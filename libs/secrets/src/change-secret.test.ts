import { describe, expect, test } from 'vitest';
import { type SecretRecord } from '@millrace/contracts';
import { changeSecret, type SecretChange, resealSecret } from './change-secret.ts';
import { parseKeyRing } from './master-key.ts';
import { openRecord } from './secret-values.ts';

const [OLD, NEW, NONE] = [
  parseKeyRing(key(1), 'old'),
  parseKeyRing(`${key(2)} ${key(1)}`, 'new'),
  parseKeyRing('', ''),
];

function key(fill: number): string {
  return Buffer.alloc(32, fill).toString('base64');
}

const change = (current: SecretRecord | undefined, what: SecretChange, name = 'API_KEY', ring = OLD): SecretRecord =>
  changeSecret(current, what, {
    place: { workspace: 'default', name },
    ring,
    now: 1_000 * (current?.values.length ?? 0),
  });
const valuesOf = (record: SecretRecord, ring = OLD): readonly string[] => openRecord(record, ring).values;

describe('a secret', () => {
  test('has one value, several while one replaces another, and one again', () => {
    const first = change(undefined, { value: 'a' });
    const second = change(first, { value: 'b', add: true });
    expect(valuesOf(second)).toEqual(['b', 'a']);
    expect(valuesOf(change(second, { retire: true }))).toEqual(['b']);
    expect(valuesOf(change(second, { value: 'c' }))).toEqual(['c']);
    expect(second).toMatchObject({ createdAt: '1970-01-01T00:00:00.000Z', updatedAt: '1970-01-01T00:00:01.000Z' });
  });

  test('keeps who may read it until that is changed', () => {
    const limited = change(undefined, { value: 'a', workflows: ['pay/*'] });
    expect(change(limited, { value: 'b' }).workflows).toEqual(['pay/*']);
    expect(change(limited, { workflows: [] }).workflows).toBeUndefined();
  });

  test('has five values at most', () => {
    let record = change(undefined, { value: 'a' });
    for (const value of ['b', 'c', 'd', 'e']) record = change(record, { value, add: true });
    expect(() => change(record, { value: 'f', add: true })).toThrow('has 5 values already');
  });

  test.each(['lower', '1A', 'A-B', '', 'A'.repeat(65), '__PROTO__'])('is not called %j', (name) => {
    expect(() => change(undefined, { value: 'a' }, name)).toThrow(expect.objectContaining({ code: 'secret.name' }));
  });

  test.each(['PATH', 'LD_PRELOAD', 'MILLRACE_INPUT', 'TRACEPARENT', 'NODE_OPTIONS'])('is not called %s', (name) => {
    expect(() => change(undefined, { value: 'a' }, name)).toThrow(
      expect.objectContaining({ code: 'secret.reserved_name' }),
    );
  });

  test.each(['', 'a\0b', '\ud800', 'ä'.repeat(32_769)])('does not hold what is no text of 64 KiB (%#)', (value) => {
    expect(() => change(undefined, { value })).toThrow(expect.objectContaining({ code: 'secret.value' }));
  });

  test.each([{}, { add: true }, { value: 'b', retire: true }])('is not changed by %j', (what) => {
    expect(() => change(change(undefined, { value: 'a' }), what)).toThrow(
      expect.objectContaining({ code: 'secret.change' }),
    );
  });

  test('needs a value when it is new, and a master key', () => {
    expect(() => change(undefined, { retire: true })).toThrow('there is no secret API_KEY');
    expect(() => change(undefined, { value: 'a' }, 'A', NONE)).toThrow('no master key');
  });
});

describe('a new master key', () => {
  const before = change(change(undefined, { value: 'a' }), { value: 'b', add: true });

  test('seals every value again', () => {
    const { record, resealed, unopened } = resealSecret(before, NEW, NEW.current!);
    expect([resealed, unopened]).toEqual([2, 0]);
    expect(record.values.map(({ keyId, createdAt }) => [keyId, createdAt])).toEqual(
      before.values.map(({ createdAt }) => [NEW.current?.id, createdAt]),
    );
    expect(valuesOf(record, NEW)).toEqual(['b', 'a']);
    expect(resealSecret(record, NEW, NEW.current!)).toMatchObject({ resealed: 0, unopened: 0 });
  });

  test('leaves alone what it cannot open', () => {
    const alone = parseKeyRing(key(3), 'alone');
    expect(resealSecret(before, alone, alone.current!)).toEqual({ record: before, resealed: 0, unopened: 2 });
  });
});
