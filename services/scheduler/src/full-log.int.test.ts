import { ensureTopology, logFill } from '@millrace/eventlog';
import { aRunId, eventually, requested } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { type FakeExecutor } from '../testing/fake-executor.ts';
import { TestShard } from '../testing/test-shard.ts';

const RUNS = 30;
const MIB = 1_048_576;
/** As large as a result may be: 32 of them are more than the whole log. */
const RESULT = 'x'.repeat(MIB - 2);

const finishAll = async ({ held, finish }: { held: () => readonly string[]; finish: FakeExecutor['finish'] }) => {
  for (const runId of held()) await finish(runId, RESULT);
};

test('results as large as they may be fill a small log, every run that began can end, and the rest waits for room', async () => {
  const shard = await TestShard.open();
  try {
    await shard.scheduler(2);
    const executor = await shard.executor({ id: 'ex_1', slots: 2, manner: 'hold' });
    const ends = { held: () => executor.held, finish: executor.finish.bind(executor) };
    const runs = Array.from({ length: RUNS }, () => aRunId());
    for (const runId of runs) await shard.record(requested({ runId }));
    const inState = (state: string): number => runs.filter((runId) => shard.statusOf(runId) === state).length;

    // No end is ever refused: `finish` would not return. It goes on until the scheduler lets no more run begin.
    const { maxBytes } = await logFill(shard.connection, 0);
    await eventually(
      async () => {
        await finishAll(ends);
        const { bytes } = await logFill(shard.connection, 0);
        expect(bytes).toBeGreaterThan(maxBytes / 2);
        expect(inState('completed') + inState('waiting')).toBe(RUNS);
      },
      { timeoutMs: 60_000 },
    );
    expect(inState('waiting')).toBeGreaterThan(0);
    expect((await logFill(shard.connection, 0)).bytes).toBeLessThan(maxBytes);

    await ensureTopology(shard.connection, { logMaxBytes: 2 * maxBytes });
    await eventually(
      async () => {
        await finishAll(ends);
        expect(inState('completed')).toBe(RUNS);
      },
      { timeoutMs: 60_000 },
    );
  } finally {
    await shard.close();
  }
});
