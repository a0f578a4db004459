import { completed, dispatched, requested } from '@millrace/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit } from './admit.ts';
import { evolve } from './evolve.ts';
import { beginLeading, hear } from './heartbeats.ts';
import { SchedulerState } from './scheduler-state.ts';

const policy = { timeoutMs: 1, onLimit: 'queue', retries: { failed: 0, lost: 0 } } as const;
const nowhere = { sequence: 1, index: 0 };

/** The order in which runs start where one may run at a time; run `2#7` is the eighth of workflow `a/2`. */
const orderOf = (lengths: readonly number[]): string[] => {
  const state = new SchedulerState({ concurrentRunsMax: 1 });
  beginLeading(state, 0);
  hear(state, { executor: 'ex', slots: 1, draining: false, held: [] }, 0);
  for (const [index, length] of lengths.entries()) {
    for (let n = 0; n < length; n += 1) {
      evolve(state, requested({ runId: `${index}#${n}`, workflow: `a/${index}`, policy }), nowhere);
    }
  }
  const order: string[] = [];
  for (let [dispatch] = admit(state, 0); dispatch !== undefined; [dispatch] = admit(state, 0)) {
    const { runId, workflow } = dispatch;
    order.push(runId);
    evolve(state, dispatched({ runId, workflow, executor: 'ex' }), nowhere);
    evolve(state, completed({ runId, workflow }), nowhere);
  }
  return order;
};

test('workflows take turns, first come first served in each, however many runs the others have waiting', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(lengths, (counts) => {
      const rounds = Array.from({ length: Math.max(...counts) }, (_, round) =>
        counts.flatMap((count, index) => (count > round ? [`${index}#${round}`] : [])),
      );
      expect(orderOf(counts)).toEqual(rounds.flat());
    }),
    { numRuns: 50 },
  );
});
