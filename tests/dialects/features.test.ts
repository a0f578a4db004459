/** Part 2.1 of the facts: each feature that one of the five systems has, performed against the running product by every dialect that has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Feature } from './feature.ts';
import { AUTH } from './table/auth.ts';
import { FLOW_CONTROL } from './table/flow-control.ts';
import { INPUT_OPTIONS } from './table/input-options.ts';
import { INPUT } from './table/input.ts';
import { OUTPUT } from './table/output.ts';
import { STANDARDS } from './table/standards.ts';
import { THERE } from './table/there.ts';
import { TRIGGERING } from './table/triggering.ts';
import { patience, PATIENCE_CONFIG, PATIENCE_WORKFLOWS } from './patience.ts';
import { WORKFLOWS } from './workflows.ts';
import { startWorld } from './world.ts';

let world: Awaited<ReturnType<typeof startWorld>> | undefined;
beforeAll(async () => {
  world = await startWorld({
    workflows: { ...WORKFLOWS, ...PATIENCE_WORKFLOWS },
    config: PATIENCE_CONFIG,
  });
  patience(world);
});
afterAll(() => world?.stop());

const TABLE: readonly (readonly [part: string, features: readonly Feature[]])[] = [
  ['triggering', TRIGGERING],
  ['auth', AUTH],
  ['input', INPUT],
  ['options of the input', INPUT_OPTIONS],
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

/** Rows of part 2.1; the others are of 2.2. */
const FEATURES = TABLE.flatMap(([, features]) => features).filter(({ name }) => !name.endsWith('(2.2)'));

test('each row of part 2.1 is there, and is shown by a call of every system that has it', () => {
  expect(FEATURES.map(({ name }) => name).toSorted()).toEqual(Object.keys(THERE).toSorted());
  const bare = FEATURES.flatMap(({ name, shown }) =>
    (THERE[name] ?? []).filter((dialect) => shown[dialect] === undefined).map((dialect) => `${name}: ${dialect}`),
  );
  expect(bare).toEqual([]);
});

test('what is not there is listed, and nothing else', () => {
  const all = TABLE.flatMap(([, features]) => features);
  const bare = all.filter(({ shown, missing }) => Object.keys(shown).length === 0 && missing === undefined);
  expect(bare).toEqual([]);
  const missing = all.filter((feature) => feature.missing !== undefined).map(({ name }) => name);
  expect(missing).toEqual(['multi-tenant segment', 'fan-out one event to many workflows', 'caller-chosen run id']);
});
