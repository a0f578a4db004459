/** Part 2.1 of the facts: each feature that one of the five systems has, performed against the running product by every dialect that has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Feature } from './feature.ts';
import { AUTH } from './table/auth.ts';
import { FLOW_CONTROL } from './table/flow-control.ts';
import { INPUT } from './table/input.ts';
import { OUTPUT } from './table/output.ts';
import { STANDARDS } from './table/standards.ts';
import { TRIGGERING } from './table/triggering.ts';
import { startWorld } from './world.ts';

let world: Awaited<ReturnType<typeof startWorld>> | undefined;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const TABLE: readonly (readonly [part: string, features: readonly Feature[]])[] = [
  ['triggering', TRIGGERING],
  ['auth', AUTH],
  ['input', INPUT],
  ['output', OUTPUT],
  ['flow control', FLOW_CONTROL],
  ['standards', STANDARDS],
];

describe.each(TABLE)('%s', (_part, features) => {
  const cells = features.flatMap(({ name, shown }) =>
    Object.entries(shown).map(([dialect, show]) => [name, dialect, show] as const),
  );
  test.each(cells)('%s: %s', async (_name, _dialect, show) => {
    if (world !== undefined) await show(world);
  });
});

test('what is not there is listed, and nothing else', () => {
  const all = TABLE.flatMap(([, features]) => features);
  const bare = all.filter(({ shown, missing }) => Object.keys(shown).length === 0 && missing === undefined);
  expect(bare).toEqual([]);
  const missing = all.filter((feature) => feature.missing !== undefined).map(({ name }) => name);
  expect(missing).toEqual(['multi-tenant segment', 'fan-out one event to many workflows', 'caller-chosen run id']);
});
