/** What becomes of jobs: how they are asked for, told, waited for and given up. */
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { patience, WAIT_MAX_S } from '../patience.ts';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { JOBS, ECHO, ASYNC, dataOf, get, refusal, started } from './windmill-calls.ts';
import { unrecorded } from './unrecorded.ts';

/** Members of a job that is over, by which clients look things up. */
const MEMBERS =
  'type id workspace_id parent_job created_by created_at started_at completed_at scheduled_for duration_ms success result logs args ' +
  'canceled canceled_by canceled_reason script_hash script_path job_kind flow_status raw_flow language is_flow_step is_skipped ' +
  'permissioned_as email visible_to_owner mem_peak tag priority labels schedule_path self_wait_time_ms aggregate_wait_time_ms ' +
  'preprocessed worker';

const jobOf = async (world: World, id: string) => (await get(world, `${JOBS}_u/get/${id}`)).json as object;

const runningId = (world: World, workflow: string): Promise<string> =>
  eventually(async () => {
    const { json } = await get(world, `/runs?workflow=${workflow}&status=running`);
    const [run] = (json as { readonly runs: readonly { readonly run_id: string }[] }).runs;
    if (run === undefined) throw new Error('it does not run yet');
    return run.run_id;
  });

export const WINDMILL_JOBS: readonly Fact[] = [
  {
    shows: ['1.4/async'],
    says: 'the uuid, and with it the result as soon as it is there',
    show: async (world) => {
      const id = await started(world, ASYNC, { n: 1 });
      await eventually(async () =>
        expect((await get(world, `${JOBS}_u/completed/get_result_maybe/${id}`)).json).toMatchObject({
          completed: true,
          success: true,
          result: { n: 1 },
        }),
      );
    },
  },
  {
    shows: ['1.4/job', '1.4/no-status'],
    says: 'a job has every member that clients look up; type, running, success and canceled say together how it is',
    show: async (world) => {
      const id = await started(world);
      await world.ended(id);
      const job = await jobOf(world, id);
      expect(MEMBERS.split(' ').filter((name) => !(name in job))).toEqual([]);
      expect(job).toMatchObject({ type: 'CompletedJob', success: true, canceled: false });
      expect(job).not.toHaveProperty('status');
    },
  },
  {
    shows: ['1.4/disconnect'],
    says: 'a caller who leaves cancels the job',
    show: async (world) => {
      const gone = new AbortController();
      const url = `${world.platform.url}${JOBS}/run_wait_result/p/shop/left`;
      const headers = { authorization: `Bearer ${world.platform.token}` };
      const call = fetch(url, { method: 'POST', headers, signal: gone.signal }).catch(() => undefined);
      const id = await runningId(world, 'shop/left');
      gone.abort();
      await call;
      await world.ended(id);
      expect(await jobOf(world, id)).toMatchObject({ canceled: true });
    },
  },
  {
    shows: ['1.1/result_by_id', '1.1/approvals'],
    says: 'results of steps and approvals: 404 that says what is missing',
    show: async (world) => {
      const id = await started(world);
      await world.ended(id);
      for (const prefix of [JOBS, `${JOBS}_u`]) {
        expect(await refusal(world, `${prefix}/result_by_id/${id}/a`, { method: 'GET' })).toEqual([
          404,
          'Not found: node result not found at name a: this job has no steps',
        ]);
        for (const [verb, method] of [
          ['resume', 'GET'],
          ['resume', 'POST'],
          ['cancel', 'GET'],
          ['cancel', 'POST'],
        ] as const)
          expect(await refusal(world, `${prefix}/${verb}/${id}/1/a-secret`, { method })).toEqual([
            404,
            expect.stringMatching(/^Not found: no approval is waited for/),
          ]);
      }
      for (const path of [`result_by_id/${id}/a`, `resume/${id}/1/a-secret`])
        expect((await refusal(world, `${JOBS}_u/${path}`, { method: 'GET', token: null }))[0]).toBe(401);
    },
  },
  {
    shows: ['1.4/sse-update'],
    says: 'no member of an update is null; running is told before the end',
    show: async (world) => {
      const { text } = await world.call(`${JOBS}/run_and_stream/p/${ECHO}`, { body: { n: 1 } });
      const frames = dataOf(text);
      expect(frames.flatMap((frame) => Object.values(frame))).not.toContain(null);
      expect(frames.map(({ running }) => running)).toContain(true);
    },
  },
  {
    shows: ['1.4/timeout', '1.1/error-500-timeout'],
    says: 'who waits longer than the instance allows is 500, and the job is cancelled',
    show: async (world) => {
      const { windmill } = patience(world);
      expect(await windmill).toMatchObject({ status: 500, text: `Internal: timeout after ${WAIT_MAX_S}s` });
      await eventually(async () => {
        const { json } = await get(world, '/runs?workflow=shop/waited&status=cancelled');
        const [run] = (json as { readonly runs: readonly { readonly run_id: string }[] }).runs;
        expect(await jobOf(world, run?.run_id ?? '')).toMatchObject({ canceled: true });
      });
    },
  },
  {
    shows: ['1.4/sse-timeout', '1.4/sse-types'],
    says: 'a stream that lasts: pings, then timeout, and the job goes on',
    show: async (world) => {
      const { followed } = patience(world);
      const { text } = await followed;
      const types = dataOf(text).map(({ type }) => type);
      expect([types[0], types.includes('ping'), types.at(-1)]).toEqual(['update', true, 'timeout']);
      const id = await runningId(world, 'shop/followed');
      await world.call(`/runs/${id}/cancel`);
      await world.ended(id);
    },
  },
  {
    shows: ['1.1/error-502'],
    says: '503 `Service unavailable: …` where nothing can be recorded',
    show: async (world) => {
      const { windmill } = await unrecorded(world);
      expect([windmill.status, windmill.text]).toEqual([503, expect.stringMatching(/^Service unavailable: /)]);
      expect(Number(windmill.headers.get('retry-after'))).toBeGreaterThan(0);
    },
  },
];
