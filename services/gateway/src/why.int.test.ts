import { afterAll, beforeAll, expect, test } from 'vitest';
import { completed, dispatched } from '@millrace/testkit';
import { messagingSubject } from '@millrace/contracts';
import { respond } from '@millrace/eventlog';
import { type ProjectedGateway, startProjectedGateway } from '../testing/start-projected-gateway.ts';

let gateway: ProjectedGateway;

beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: ['tests/mine', 'tests/theirs'] });
});
afterAll(() => gateway.stop());

const startRun = async (workflow: string): Promise<string> =>
  (await gateway.call({ method: 'POST', url: `/run/${workflow}`, payload: {} })).json<{ run_id: string }>().run_id;

test('GET /runs/{id}/why is 503 while no scheduler leads, and then what the leader says', async () => {
  const runId = await startRun('tests/mine');
  const away = await gateway.call({ url: `/runs/${runId}/why` });
  expect([away.statusCode, away.headers['retry-after']]).toEqual([503, '1']);
  expect(away.json()).toMatchObject({ code: 'scheduler.away' });

  const said = { run_id: runId, workflow: 'tests/mine', line: 'waits', reason: 'turn', before: 0 };
  const leader = respond(gateway.connection, messagingSubject.why(0), async () => JSON.stringify(said));
  const answer = await gateway.call({ url: `/runs/${runId}/why` });
  leader.close();
  expect([answer.statusCode, answer.json()]).toEqual([200, said]);
});

test('GET /runs/{id}/why tells of a run that is over without a scheduler, and nothing of the runs of others', async () => {
  const runId = await startRun('tests/theirs');
  await gateway.writer.append([
    dispatched({ runId, workflow: 'tests/theirs' }),
    completed({ runId, workflow: 'tests/theirs' }),
  ]);
  await expect
    .poll(async () => (await gateway.call({ url: `/runs/${runId}/why` })).json<object>(), { timeout: 20_000 })
    .toMatchObject({ reason: 'over', line: 'does not wait: it is over, completed' });
  expect((await gateway.call({ as: 'limited', url: `/runs/${runId}/why` })).statusCode).toBe(404);
});

test('a priority above that of the workflow takes a token that may', async () => {
  const ask = (as: 'admin' | 'limited', priority: string) =>
    gateway.call({ as, method: 'POST', url: `/run/tests/mine?priority=${priority}`, payload: {} });
  const codes = await Promise.all([ask('admin', '3'), ask('limited', '3'), ask('limited', '-3'), ask('admin', '11')]);
  expect(codes.map(({ statusCode }) => statusCode)).toEqual([202, 403, 202, 400]);
});
