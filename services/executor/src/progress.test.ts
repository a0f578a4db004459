import { eventually } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { makeProgressGate, type ProgressReport } from './progress.ts';

const begin = (): { readonly gate: ReturnType<typeof makeProgressGate>; readonly passed: ProgressReport[] } => {
  const passed: ProgressReport[] = [];
  return { gate: makeProgressGate({ now: () => 0, monotonic: () => 0 }, (report) => passed.push(report)), passed };
};

test('the first report passes at once, of those within 100 ms only the last', async () => {
  const { gate, passed } = begin();
  for (const percent of [1, 2, 3]) gate.report({ percent });
  expect(passed).toEqual([{ percent: 1 }]);
  await eventually(() => expect(passed).toEqual([{ percent: 1 }, { percent: 3 }]));
});

test('the last report is delivered when the run ends, and none after it', () => {
  const { gate, passed } = begin();
  for (const percent of [1, 2]) gate.report({ percent });
  gate.close();
  gate.report({ percent: 3 });
  expect(passed).toEqual([{ percent: 1 }, { percent: 2 }]);
});
