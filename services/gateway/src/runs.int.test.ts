import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completed, dispatched, eventually } from '@millrace/testkit';
import { lastEvent } from '../testing/play-executor.ts';
import { type ProjectedGateway, startProjectedGateway } from '../testing/start-projected-gateway.ts';

let gateway: ProjectedGateway;

beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: ['tests/mine', 'tests/theirs'] });
});
afterAll(() => gateway.stop());

const startRun = async (workflow = 'tests/mine', payload: object = {}): Promise<string> => {
  const response = await gateway.call({ method: 'POST', url: `/run/${workflow}`, payload });
  return response.json<{ run_id: string }>().run_id;
};

const finish = async (runId: string, workflow = 'tests/mine'): Promise<void> => {
  await gateway.writer.append([dispatched({ runId, workflow }), completed({ runId, workflow, output: { ok: true } })]);
  await eventually(async () => {
    expect((await gateway.call({ url: `/runs/${runId}` })).json()).toMatchObject({ status: 'completed' });
  });
};

describe('GET /runs', () => {
  test('pages through runs, newest first, by workflow, state and time', async () => {
    const mine: string[] = [];
    for (let i = 0; i < 5; i += 1) mine.unshift(await startRun());
    const foreign = await startRun('tests/theirs');
    await finish(foreign, 'tests/theirs');

    const list = async (query: string, as: 'admin' | 'limited' = 'admin') =>
      (await gateway.call({ as, url: `/runs?${query}` })).json<{ runs: { run_id: string }[]; next_cursor?: string }>();
    const idsOf = ({ runs }: { runs: { run_id: string }[] }) => runs.map(({ run_id: id }) => id);

    const first = await list('workflow=tests/mine&limit=3');
    expect(idsOf(first)).toEqual(mine.slice(0, 3));
    const second = await list(`workflow=tests/mine&limit=3&cursor=${first.next_cursor ?? ''}`);
    expect([idsOf(second), second.next_cursor]).toEqual([mine.slice(3), undefined]);
    expect(idsOf(await list('status=completed'))).toEqual([foreign]);
    expect(idsOf(await list('since=2999-01-01T00:00:00Z'))).toEqual([]);
    expect(idsOf(await list('until=2000-01-01T00:00:00Z'))).toEqual([]);
    expect(idsOf(await list('', 'limited'))).toEqual(mine);
  });

  test('holds every run that was accepted before it was asked for', async () => {
    for (let i = 0; i < 20; i += 1) {
      const runId = await startRun();
      const { runs, behind } = (await gateway.call({ url: '/runs?limit=1' })).json<{ runs: object[]; behind?: true }>();
      expect({ runs, behind }).toMatchObject({ runs: [{ run_id: runId }], behind: undefined });
    }
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'status=gone',
    'since=yesterday',
    'cursor=x',
    "workflow=a'%20or%20'1'='1",
    'workflow=tests/mine%00',
  ])('refuses %s', async (query) => {
    const response = await gateway.call({ url: `/runs?${query}` });
    expect(response.statusCode).toBe(400);
    expect(response.body).not.toMatch(/select|postgres|pg_/i);
  });
});

test('a wrong filter is answered with what would be right', async () => {
  const detailOf = async (query: string): Promise<unknown> =>
    (await gateway.call({ url: `/runs?${query}` })).json<{ detail: unknown }>().detail;
  expect(await detailOf('status=xyz')).toBe(
    'status must be one of "waiting", "dispatched", "running", "completed", "failed", "cancelled", "timed_out", "rejected"',
  );
  expect(await detailOf('stauts=failed')).toBe('unknown query parameter "stauts": did you mean status?');
  expect(await detailOf('workflow=a b')).toBe('workflow must be the path of a workflow, such as backup/db-full');
});

test('every route of our own refuses parameters that it does not know, a dialect ignores them', async () => {
  for (const url of ['/runs', '/workflows', '/workflows/tests/mine', '/tokens', '/openapi.json']) {
    const response = await gateway.call({ url: `${url}?nope=1` });
    expect([url, response.statusCode, response.json()]).toMatchObject([url, 400, { code: 'http.unknown_parameter' }]);
  }
  for (const url of ['/tasks', '/health']) expect((await gateway.call({ url: `${url}?nope=1` })).statusCode).toBe(200);
  const started = await gateway.call({ method: 'POST', url: '/run/tests/mine?nope=1', payload: {} });
  expect(started.statusCode).toBe(202);
});

test('a token with a scope that is none is refused in words', async () => {
  const response = await gateway.call({ method: 'POST', url: '/tokens', payload: { scopes: ['bogus'] } });
  expect(response.json()).toMatchObject({
    status: 400,
    detail: expect.stringMatching(/^scopes\.0 must be admin, read, run, .*run:<path or pattern>/) as string,
  });
});

describe('POST /runs/{id}/cancel', () => {
  test('records the wish, and refuses once the run is over', async () => {
    const runId = await startRun();
    const cancel = (payload?: object) =>
      gateway.call({ method: 'POST', url: `/runs/${runId}/cancel`, ...(payload === undefined ? {} : { payload }) });
    expect((await cancel({ reason: 5 })).statusCode).toBe(400);
    const response = await cancel({ reason: 'wrong one' });
    expect([response.statusCode, response.json()]).toMatchObject([202, { run_id: runId, status: 'cancelling' }]);
    expect(await lastEvent(gateway)).toMatchObject({
      type: 'dev.millrace.run.cancel.requested.v1',
      subject: runId,
      data: { requestedBy: 'admin', reason: 'wrong one' },
    });
    expect((await cancel()).statusCode).toBe(202);
    await finish(runId);
    expect((await cancel()).json()).toMatchObject({ status: 409, code: 'run.already_over', state: 'completed' });
  });

  test('is for those who may run, not for those who may only read', async () => {
    const url = `/runs/${await startRun()}/cancel`;
    expect((await gateway.call({ as: 'read', method: 'POST', url })).statusCode).toBe(403);
    expect((await gateway.call({ as: 'limited', method: 'POST', url })).statusCode).toBe(202);
  });
});

describe('POST /runs/{id}/rerun', () => {
  test('runs again with the same input and environment, values included', async () => {
    const first = await startRun('tests/mine', { env: { TARGET: 'secret' }, input: { n: 1 } });
    const response = await gateway.call({ method: 'POST', url: `/runs/${first}/rerun` });
    const again = response.json<{ run_id: string }>().run_id;
    expect([response.statusCode, again === first]).toEqual([202, false]);
    expect(await lastEvent(gateway)).toMatchObject({
      subject: again,
      data: { input: { n: 1 }, env: { TARGET: 'secret' }, rerunOf: first, dialect: 'native' },
    });
    expect((await gateway.call({ url: `/runs/${again}` })).json()).toMatchObject({ rerun_of: first, input: { n: 1 } });
  });

  test('takes what is in service now, or what ran before', async () => {
    await gateway.deploy('tests/versions', { version: 'a'.repeat(64) });
    await eventually(() => expect(gateway.catalog.entries().size).toBe(3));
    const first = await startRun('tests/versions');
    await gateway.deploy('tests/versions', { version: 'b'.repeat(64) });
    await eventually(() =>
      expect(gateway.catalog.get('default', 'tests/versions')?.current?.version).toBe('b'.repeat(64)),
    );
    const rerun = (query: string) => gateway.call({ method: 'POST', url: `/runs/${first}/rerun${query}` });
    await rerun('');
    expect(await lastEvent(gateway)).toMatchObject({ data: { version: 'b'.repeat(64) } });
    await rerun('?version=same');
    expect(await lastEvent(gateway)).toMatchObject({ data: { version: 'a'.repeat(64) } });
    expect((await rerun('?version=other')).statusCode).toBe(400);
  });
});

test('a repeated request waits for the run of the first one', async () => {
  const headers = { 'idempotency-key': 'waited' };
  const first = await gateway.call({ method: 'POST', url: '/run/tests/mine', headers, payload: {} });
  const { run_id: runId } = first.json<{ run_id: string }>();
  const repeat = gateway.call({ method: 'POST', url: '/run/tests/mine?wait=10', headers, payload: {} });
  await eventually(async () => expect(await gateway.waiters()).toBe(1));
  await finish(runId);
  expect((await repeat).json()).toMatchObject({ run_id: runId, status: 'completed', output: { ok: true } });
});
