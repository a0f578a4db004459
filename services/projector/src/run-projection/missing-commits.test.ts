import { type Commit } from '@millrace/eventlog';
import { expect, test } from 'vitest';
import { makeFindMissing } from './missing-commits.ts';

const commits = (...sequences: readonly number[]): readonly Commit[] =>
  sequences.map((sequence) => ({ sequence, subject: 'log.0.gateway', time: 0, bytes: 0, events: [] }));

test('a gap is found within a batch, between batches, and behind what was read before', () => {
  const find = makeFindMissing(4);
  expect(find(commits(5, 6, 9))).toEqual([{ from: 7, to: 8 }]);
  expect(find(commits(10, 11))).toEqual([]);
  expect(find(commits(13))).toEqual([{ from: 12, to: 12 }]);
  expect(makeFindMissing(4)(commits(8))).toEqual([{ from: 5, to: 7 }]);
});

test('who begins does not miss what the log no longer keeps', () => {
  const find = makeFindMissing(0);
  expect(find(commits(100, 101))).toEqual([]);
  expect(find(commits(103))).toEqual([{ from: 102, to: 102 }]);
});
