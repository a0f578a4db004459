import { expect, test } from 'vitest';
import { makeEndedRuns } from './ended-runs.ts';

test('keeps the latest runs until they are forgotten', () => {
  const ended = makeEndedRuns(2);
  for (const runId of ['a', 'b', 'c']) ended.remember(runId);
  expect(['a', 'b', 'c'].filter(ended.has)).toEqual(['b', 'c']);
  ended.forget('b');
  expect(['a', 'b', 'c'].filter(ended.has)).toEqual(['c']);
});
