import { type RunEvent } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';
import { dispatched, started } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { makeAssignments } from './assignments.ts';

const commit = (...events: readonly RunEvent[]): Commit => ({
  sequence: 1,
  subject: 'log.0.dispatch.ex_test',
  time: 0,
  bytes: 0,
  events: events.map((event) => ({ known: true, event })),
});

test('an attempt is assigned once, a later one again, an earlier one no more', () => {
  const assigned = makeAssignments('ex_test');
  const first = dispatched({ runId: 'r' });
  const second = dispatched({ runId: 'r', attempt: 2 });
  expect(assigned([commit(first, first)])).toEqual([first]);
  expect(assigned([commit(second), commit(first)])).toEqual([second]);
});

test('what is no dispatch, or another executor’s, is not assigned', () => {
  expect(makeAssignments('ex_test')([commit(started(), dispatched({ executor: 'ex_other' }))])).toEqual([]);
});
