import { uuidV7 } from '@millrace/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RunIds } from './run-ids.ts';

const IDS = 3_000;

/** Uneven: many ids share a part of the table. */
const ids = Array.from({ length: IDS }, (_, n) => {
  if (n % 10 === 0) return `run${n}`;
  return uuidV7(1_000_000 + (n % 7), Uint8Array.from([0, 0, 0, 0, 0, 0, 0, n % 3, n & 0xff, n >>> 8]));
});

test('ids are found by exactly the rows that they have, whatever comes and goes', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(fc.array(fc.nat(IDS - 1), { minLength: 1_000, maxLength: 10_000, size: 'max' }), (steps) => {
      const table = new RunIds();
      const model = new Map<string, number>();
      let rows = 0;
      for (const n of steps) {
        const id = ids[n] ?? '';
        const row = model.get(id);
        if (table.find(id) !== row) return false;
        if (row === undefined) {
          rows += 1;
          model.set(id, rows);
          table.set(rows, id);
        } else {
          if (table.id(row) !== id) return false;
          model.delete(id);
          table.remove(row);
        }
      }
      return table.size === model.size && ids.every((id) => table.find(id) === model.get(id));
    }),
    { numRuns: 10 },
  );
});

test('what looks like a UUID and is none is another id', () => {
  const table = new RunIds();
  const uuid = '0193b3a4-1111-7000-8000-0123456789ab';
  table.set(1, uuid);
  for (const other of [uuid.toUpperCase(), uuid.replaceAll('-', ''), `${uuid}0`, uuid.replace('-1', '1-'), '']) {
    expect(table.find(other)).toBeUndefined();
  }
  expect(table.find(uuid)).toBe(1);
});
