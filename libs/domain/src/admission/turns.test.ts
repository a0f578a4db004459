/** The rule of `turns.ts`, for any number of workflows, keys and priorities that all have something to start all the time. */
import { completed, dispatched, requested } from '@millrace/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit } from './admit.ts';
import { evolve } from './evolve.ts';
import { beginLeading, hear } from './heartbeats.ts';
import { PRIORITY_MAX, PRIORITY_MIN } from './priority.ts';
import { SchedulerState } from './scheduler-state.ts';
import { PRIORITY_CYCLE } from './turns.ts';

const policy = { timeoutMs: 1, onLimit: 'queue', retries: { failed: 0, lost: 0 }, keyConcurrency: 1 } as const;
const nowhere = { sequence: 1, index: 0 };

interface Line {
  readonly workflow: string;
  readonly key: string;
  readonly priority: number;
}

const line = fc.record({
  workflow: fc.constantFrom('a/1', 'a/2', 'a/3'),
  key: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
  priority: fc.integer({ min: PRIORITY_MIN, max: PRIORITY_MAX }),
});
const lines = fc.uniqueArray(line, {
  selector: ({ workflow, key }) => `${workflow} ${key}`,
  minLength: 1,
  maxLength: 7,
});

const nameOf = ({ workflow, key }: Line): string => `${workflow} ${key}`;

/** Who starts, one at a time, while every line has runs waiting. A name of a run is that of its line. */
const startsOf = (all: readonly Line[], count: number): readonly string[] => {
  const state = new SchedulerState({ concurrentRunsMax: 1 });
  beginLeading(state, 0);
  hear(state, { executor: 'ex', slots: 1, draining: false, held: [] }, 0);
  let runs = 0;
  const request = (its: Line): void => {
    const { workflow, key: concurrencyKey, priority } = its;
    const runId = `${nameOf(its)}#${(runs += 1)}`;
    evolve(state, requested({ runId, workflow, policy, concurrencyKey, priority }), nowhere);
  };
  for (const its of all) for (let n = 0; n < 2; n += 1) request(its);
  return Array.from({ length: count }, () => {
    const [start] = admit(state, 0);
    if (start === undefined) throw new Error('there is always something to start');
    const { runId, workflow } = start;
    evolve(state, dispatched({ runId, workflow, executor: 'ex' }), nowhere);
    evolve(state, completed({ runId, workflow, source: '/millrace/executor/ex' }), nowhere);
    const name = runId.split('#', 1)[0] ?? '';
    for (const its of all) if (nameOf(its) === name) request(its);
    return name;
  });
};

/** Starts of others that a line waits for at most. */
const longestWait = (all: readonly Line[], { priority, workflow }: Line): number => {
  const levels = [...new Set(all.map((other) => other.priority))].sort((one, other) => other - one);
  const same = all.filter((other) => other.priority === priority);
  const workflows = new Set(same.map((other) => other.workflow)).size;
  const keys = same.filter((other) => other.workflow === workflow).length;
  const turnsOfLevel = workflows * keys;
  const isHighest = levels[0] === priority;
  if (isHighest)
    return levels.length === 1 ? turnsOfLevel : Math.ceil((turnsOfLevel * PRIORITY_CYCLE) / (PRIORITY_CYCLE - 1)) + 1;
  return turnsOfLevel * (levels.length - 1) * PRIORITY_CYCLE;
};

test('whoever has something to start waits for a bounded number of starts of others', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(lines, (all) => {
      const starts = startsOf(all, 2 * Math.max(...all.map((its) => longestWait(all, its))));
      for (const its of all) {
        const most = longestWait(all, its);
        let waited = 0;
        for (const name of starts) {
          waited = name === nameOf(its) ? 0 : waited + 1;
          if (waited > most) expect([nameOf(its), waited]).toEqual([nameOf(its), most]);
        }
      }
    }),
    { numRuns: 20 },
  );
});

test(
  'the highest priority has nine starts of ten, and inside a priority nobody is ahead of another by more than one',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(lines, (all) => {
        const count = 20 * PRIORITY_CYCLE;
        const starts = startsOf(all, count);
        const highest = Math.max(...all.map(({ priority }) => priority));
        const isHighest = new Set(all.filter(({ priority }) => priority === highest).map(nameOf));
        const hasLower = isHighest.size < all.length;
        const ofHighest = starts.filter((name) => isHighest.has(name));
        expect(ofHighest.length).toBe(hasLower ? (count / PRIORITY_CYCLE) * (PRIORITY_CYCLE - 1) : count);
        const workflows = [...new Set(all.filter((its) => isHighest.has(nameOf(its))).map(({ workflow }) => workflow))];
        const counts = workflows.map((workflow) => ofHighest.filter((name) => name.startsWith(`${workflow} `)).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  },
);
