/** Executors of several pools on the whole product. The rules themselves are proved in `libs/domain`. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startService, startTestPlatform, type StartedService, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilEnded, untilState } from './runs.ts';

const EXECUTOR = join(import.meta.dirname, '../../services/executor/src/main.ts');
const HOLD = '#!/bin/sh\nexec sleep 60\n';

let platform: TestPlatform;
let drawing: StartedService | undefined;

beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'q/drawn.sh': HOLD,
      'q/drawn.yaml': 'pool: gpu\n',
      'q/plain.sh': '#!/bin/sh\nexit 0\n',
    },
  });
});
afterAll(async () => {
  await drawing?.stop();
  await platform.stop();
});

const start = async (workflow: string): Promise<string> =>
  ((await platform.http.post(`/run/q/${workflow}`, { body: {} })).json as { readonly run_id: string }).run_id;
const why = async (runId: string): Promise<unknown> => (await platform.http.get(`/runs/${runId}/why`)).json;

test('a run waits for an executor of its pool, holds up nobody, and starts on the one that joins', async () => {
  const drawn = await start('drawn');
  await eventually(
    async () =>
      expect(await why(drawn)).toMatchObject({
        reason: 'no_executor',
        pool: 'gpu',
        line: 'waits for an executor of the pool gpu: none is there',
      }),
    { timeoutMs: 20_000 },
  );
  expect(await untilEnded(platform.http, await start('plain'))).toMatchObject({ state: 'completed' });

  drawing = await startService(EXECUTOR, {
    env: {
      NATS_URL: platform.natsUrl,
      MILLRACE_DATA_DIR: await mkdtemp(join(tmpdir(), 'millrace-pool-')),
      MILLRACE_POOLS: 'gpu,large',
    },
  });
  await untilState(platform.http, drawn, 'running');

  // It takes nothing of the default pool, and what it has when it is asked to end others of its pool would run.
  expect(await untilEnded(platform.http, await start('plain'))).toMatchObject({ state: 'completed' });
  await platform.http.post(`/runs/${drawn}/cancel`);
  expect(await untilEnded(platform.http, drawn)).toMatchObject({ state: 'cancelled' });
});
