import { lastEvent } from '../../testing/play-executor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { JOBS, WORKFLOW, windmillClient } from '../../testing/windmill-client.ts';

let gateway: ProjectedGateway;
const { call, start, startEnded } = windmillClient(() => gateway);

beforeAll(async () => {
  gateway = await startProjectedGateway({
    workflows: [WORKFLOW, 'tests/other'],
    settings: { dialects: { windmill: { workspaces: ['demo'] } } },
  });
});
afterAll(() => gateway.stop());

describe('001 polling', () => {
  test('a job that waits', async () => {
    const id = await start({ a: 1 });
    const job = await call({ url: `${JOBS}_u/get/${id}` });
    expect(job.json()).toMatchObject({
      type: 'QueuedJob',
      id,
      running: false,
      canceled: false,
      args: { a: 1 },
      script_path: WORKFLOW,
      job_kind: 'script',
    });
    const maybe = `${JOBS}_u/completed/get_result_maybe/${id}`;
    expect((await call({ url: maybe })).json()).toEqual({
      completed: false,
      result: null,
      success: null,
      started: null,
    });
    expect((await call({ url: `${maybe}?get_started=true` })).json()).toMatchObject({ started: false });
    for (const path of ['get', 'get_result', 'get_timing']) {
      const response = await call({ url: `${JOBS}_u/completed/${path}/${id}` });
      expect([response.statusCode, response.headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8']);
    }
    expect((await call({ url: `${JOBS}_u/getupdate/${id}` })).json()).toEqual({ log_offset: 0 });
  });

  test('a job that is over', async () => {
    const id = await startEnded({ x: 1 });
    for (const prefix of ['jobs_u', 'jobs']) {
      const at = (path: string) => call({ url: `/api/w/demo/${prefix}/${path}/${id}` });
      expect((await at('completed/get')).json()).toMatchObject({
        type: 'CompletedJob',
        id,
        success: true,
        result: { x: 1 },
        duration_ms: 1_000,
        deleted: false,
      });
      expect((await at('completed/get_result')).json()).toEqual({ x: 1 });
      expect((await at('completed/get_result_maybe')).json()).toMatchObject({
        completed: true,
        success: true,
        result: { x: 1 },
      });
      expect((await at('completed/get_timing')).json()).toMatchObject({ duration_ms: 1_000 });
      expect((await at('getupdate')).json()).toMatchObject({ completed: true });
    }
  });

  test('every member of a job that clients know is there', async () => {
    const id = await startEnded(1);
    const members = Object.keys((await call({ url: `${JOBS}_u/get/${id}` })).json<object>());
    const known =
      'type id workspace_id parent_job created_by created_at started_at completed_at scheduled_for duration_ms success result logs args canceled canceled_by canceled_reason script_hash script_path job_kind flow_status raw_flow language is_flow_step is_skipped permissioned_as email visible_to_owner mem_peak tag priority labels schedule_path self_wait_time_ms aggregate_wait_time_ms preprocessed worker';
    expect(known.split(' ').filter((name) => !members.includes(name))).toEqual([]);
  });

  test('wm_failure: the job has failed, and keeps its result', async () => {
    const id = await startEnded({ wm_failure: 'no' });
    const { body } = await call({ url: `${JOBS}_u/completed/get_result_maybe/${id}` });
    expect(JSON.parse(body)).toMatchObject({ success: false, result: { wm_failure: 'no' } });
  });

  test('getupdate_sse: frames of data only, the last one with the result', async () => {
    const id = await startEnded({ x: 1 });
    const response = await call({ url: `${JOBS}_u/getupdate_sse/${id}?only_result=true` });
    expect([response.statusCode, response.headers['content-type'], response.headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-cache',
    ]);
    const lines = response.body.split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => !line.startsWith('data: '))).toEqual([]);
    const frames = lines.map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
    expect(frames.map(({ type }) => type)).toEqual(frames.map(() => 'update'));
    expect(frames.at(-1)).toMatchObject({ completed: true, only_result: { x: 1 } });
    expect(frames.at(-1)).not.toHaveProperty('job');
  });

  test('getupdate_sse: a job that does not exist', async () => {
    const response = await call({ url: `${JOBS}_u/getupdate_sse/0193f6a5-0000-7000-8000-000000000001` });
    expect([response.statusCode, response.body]).toEqual([200, 'data: {"type":"notfound"}\n\n']);
  });

  test('queue/cancel records the wish and its reason', async () => {
    const id = await start();
    const response = await call({ method: 'POST', url: `${JOBS}_u/queue/cancel/${id}`, payload: { reason: 'enough' } });
    expect([response.statusCode, response.body]).toEqual([200, id]);
    expect(await lastEvent(gateway)).toMatchObject({
      type: 'dev.millrace.run.cancel.requested.v1',
      subject: id,
      data: { reason: 'enough', requestedBy: 'admin' },
    });
  });

  test('a workspace that is not configured is not there', async () => {
    const { statusCode } = await call({ url: `/api/w/other/jobs_u/get/0193f6a5-0000-7000-8000-000000000001` });
    expect(statusCode).toBe(404);
  });
});
