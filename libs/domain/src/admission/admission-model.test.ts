/** The scheduler's state in a world where anything may happen; at the end the world heals, and every run has to come to its end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { World } from '../../testing/world.ts';
import { isOpen } from '../run/run-state.ts';

const WORLDS = 60;
const LOG_CHECK_STEPS = 8;

type Step = readonly [name: string, act: (world: World, n: number) => unknown];
const STEPS: readonly Step[] = [
  ['request', (world, n) => world.request(n)],
  ['request many', (world, n) => Array.from({ length: 5 }, (_, index) => world.request(n + index))],
  ['cancel', (world, n) => world.cancel(n)],
  ['fold', (world, n) => world.fold(1 + (n % 10))],
  ['fold all', (world) => world.fold(1_000_000)],
  ['decide', (world) => world.decide()],
  ['land', (world, n) => world.land(n)],
  ['land', (world, n) => world.land(n)],
  ['read', (world, n) => world.read(world.pick(n))],
  ['finish', (world, n) => world.finish(world.pick(n), n >> 4)],
  ['finish', (world, n) => world.finish(world.pick(n), n >> 4)],
  ['flow', (world) => world.flow()],
  ['flow', (world) => world.flow()],
  ['beat', (world, n) => world.beat(world.pick(n))],
  ['hear', (world, n) => world.hear(world.pick(n))],
  ['beat all', (world) => world.beatAll()],
  ['beat all', (world) => world.beatAll()],
  ['beat for long', (world, n) => Array.from({ length: 33 }, () => world.beatOnce(world.pick(n)))],
  ['join', (world, n) => world.join(n)],
  ['drain', (world, n) => world.drain(world.pick(n), n % 2 === 0)],
  ['cut', (world, n) => world.cut(world.pick(n))],
  ['vanish', (world, n) => world.vanish(world.pick(n))],
  ['late', (world, n) => world.late(n)],
  ['late', (world, n) => world.late(n)],
  ['advance', (world, n) => world.advance(1 + (n % 3))],
  ['advance', (world, n) => world.advance(5 + (n % 12))],
  ['restart', (world) => world.restart()],
  ['restore', (world) => world.restore()],
];

test('no order of events exceeds a limit, loses a run, or leaves it without an end', { timeout: 180_000 }, () => {
  const step = fc.tuple(fc.constantFrom(...STEPS), fc.nat(10_000)).map(([[name, act], n]) => ({
    act,
    n,
    [fc.toStringMethod]: () => `${name} ${n}`,
  }));
  const statuses = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const world = new World();
      for (const [index, { act, n }] of steps.entries()) {
        act(world, n);
        world.checkState();
        if (index % LOG_CHECK_STEPS === 0) world.checkAgainstLog();
      }
      world.heal();
      expect([...world.runs].filter(([, { status }]) => isOpen(status))).toEqual([]);
      expect([world.leader.runs.size, world.leader.holdings.size, world.leader.waiting]).toEqual([0, 0, 0]);
      for (const { status } of world.runs.values()) statuses.add(status);
    }),
    { numRuns: WORLDS },
  );
  // the world was as varied as it claims to be
  expect([...statuses].sort()).toEqual(['cancelled', 'completed', 'failed', 'rejected']);
});
