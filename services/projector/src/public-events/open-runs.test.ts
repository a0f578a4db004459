import { attemptLost, completed, dispatched, progressed, requested } from '@millrace/testkit';
import { makeOpenRuns } from '@millrace/domain';
import { expect, test } from 'vitest';
import { EXPECTED, HISTORIES } from '../../testing/histories.ts';

const RUN = '0193a5f0-7c1e-7a3b-8f00-0123456789ab';
const OTHER = '0193a5f0-7c1e-7a3b-8f00-0123456789ac';

test.each(Object.entries(HISTORIES).filter(([name]) => name !== 'requested twice'))(
  'of a run that is %s the same events count as for its row',
  (name, history) => {
    const open = makeOpenRuns();
    const counting = history(RUN).filter((event, index) => open.take(event, index + 1));
    expect(counting).toHaveLength(EXPECTED[name]?.[0] ?? -1);
  },
);

test('keeps open runs only, and knows the oldest', () => {
  const open = makeOpenRuns();
  expect(open.since()).toBeUndefined();
  open.take(requested({ runId: RUN }), 5);
  open.take(requested({ runId: OTHER }), 9);
  open.take(dispatched({ runId: OTHER }), 10);
  open.take(attemptLost({ runId: OTHER }), 11);
  expect([open.since(), open.size()]).toEqual([5, 2]);
  open.take(dispatched({ runId: RUN }), 12);
  open.take(completed({ runId: RUN }), 13);
  expect([open.since(), open.size()]).toEqual([9, 1]);
  expect(open.take(progressed({ runId: RUN }), 14)).toBe(false);
});

test('knows the oldest through any number of runs that come and go', () => {
  const open = makeOpenRuns();
  const idOf = (index: number): string => `0193a5f0-7c1e-7a3b-8f00-${String(index).padStart(12, '0')}`;
  const UNDER_WAY = 50;
  for (let index = 1; index <= 2_000; index += 1) {
    open.take(requested({ runId: idOf(index) }), index);
    const ending = index - UNDER_WAY;
    if (ending >= 1) {
      open.take(dispatched({ runId: idOf(ending) }), index);
      open.take(completed({ runId: idOf(ending) }), index);
    }
    expect(open.since()).toBe(Math.max(1, ending + 1));
  }
  for (let index = 1_951; index <= 2_000; index += 1) {
    open.take(dispatched({ runId: idOf(index) }), 2_001);
    open.take(completed({ runId: idOf(index) }), 2_001);
  }
  expect([open.since(), open.size()]).toEqual([undefined, 0]);
  open.take(requested({ runId: idOf(3_000) }), 3_000);
  expect(open.since()).toBe(3_000);
});
