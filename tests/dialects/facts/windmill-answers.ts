import { expect } from 'vitest';
import { type Fact } from './fact.ts';
import { JOBS, ASYNC, get, answered, started, dataOf } from './windmill-calls.ts';

export const WINDMILL_ANSWERS: readonly Fact[] = [
  {
    shows: ['1.4/sync'],
    says: 'a result as JSON, null for none',
    show: async (world) => {
      expect((await answered(world, { n: 1 })).headers.get('content-type')).toContain('application/json');
      expect((await world.call(`${JOBS}/run_wait_result/p/shop/silent`, { body: {} })).text).toBe('null');
    },
  },
  {
    shows: ['1.4/failed', '1.4/error', '1.4/early-failed', '1.7/failed-200'],
    says: 'a failed job is 200 by default, as the document has it, with name, message and stack of the error; a route may say 422',
    show: async ({ call }) => {
      const { status, json } = await call(`${JOBS}/run_wait_result/p/shop/fail`, { body: {} });
      const error = { name: expect.any(String) as string, message: expect.stringContaining('no such order') as string };
      expect([status, json]).toMatchObject([200, { error }]);
      expect(json).toHaveProperty('error.stack');
      expect((await call('/api/r/failing', { body: {} })).status).toBe(422); // as its trigger has it
    },
  },
  {
    shows: ['1.4/composite-body', '1.4/composite-status', '1.4/composite-empty', '1.1/error-500-status'],
    says: 'windmill_status_code and wm_status_code; 204 without result and status; none: JSON; none that is legal: 500',
    show: async (world) => {
      const statusOf = async (body: unknown) => {
        const { status, text } = await answered(world, body);
        return [status, text];
      };
      expect(await statusOf({ windmill_status_code: 201, result: { n: 1 } })).toEqual([201, '{"n":1}']);
      expect(await statusOf({ wm_status_code: 418, result: 'x' })).toEqual([418, '"x"']);
      expect(await statusOf({ windmill_content_type: 'text/csv' })).toEqual([204, '']);
      expect(await statusOf({ windmill_status_code: 401 })).toEqual([401, '']); // 204 in the source
      expect(await statusOf({ windmill_status_code: 'x' })).toEqual([200, '{"windmill_status_code":"x"}']);
      expect(await statusOf({ windmill_status_code: 65_000, result: 1 })).toEqual([
        500,
        expect.stringContaining('Invalid status code'),
      ]);
    },
  },
  {
    shows: ['1.4/composite-type', '1.4/composite-headers', '1.4/composite-base64'],
    says: 'windmill_content_type: a text without quotes, anything else as JSON; windmill_headers; base64',
    show: async (world) => {
      const csv = await answered(world, { windmill_content_type: 'text/csv', result: 'Hello;World' });
      expect([csv.headers.get('content-type'), csv.text]).toEqual(['text/csv', 'Hello;World']);
      expect((await answered(world, { wm_content_type: 'text/csv', result: [1] })).text).toBe('[1]');
      const named = await answered(world, { windmill_headers: { 'x-order': '7' }, result: 1 });
      expect(named.headers.get('x-order')).toBe('7');
      const coded = { wm_content_type: 'text/plain', wm_content_transfer_encoding: 'base64', result: btoa('bytes') };
      expect((await answered(world, coded)).text).toBe('bytes');
    },
  },
  {
    shows: ['1.4/wm_failure', '1.7/wm_failure'],
    says: 'wm_failure marks a failure, and the answer stays as it says',
    show: async (world) => {
      const { status, text } = await answered(world, { wm_failure: 'no', windmill_status_code: 202, result: 'ok' });
      expect([status, text]).toEqual([202, '"ok"']);
    },
  },
  {
    shows: ['1.4/early'],
    says: 'an early answer comes before the end',
    show: async ({ call }) =>
      expect((await call(`${JOBS}/run_wait_result/p/shop/early`, { body: {} })).json).toEqual({ ok: true }),
  },
  {
    shows: ['1.4/maybe', '1.4/unfinished', '1.4/no-status'],
    says: 'unfinished: get_result_maybe says so, completed/get is 404; a queued job has no success',
    show: async (world) => {
      const id = await started(world, `${JOBS}/run/p/shop/slow`);
      const read = (path: string) => get(world, `${JOBS}_u/${path}`);
      expect((await read(`completed/get_result_maybe/${id}?get_started=true`)).json).toMatchObject({
        completed: false,
        result: null,
        success: null,
        started: expect.any(Boolean) as boolean,
      });
      expect((await read(`completed/get/${id}`)).status).toBe(404);
      const { json } = await read(`get/${id}`);
      expect(json).toMatchObject({ type: 'QueuedJob', running: expect.any(Boolean) as boolean });
      expect(json).not.toHaveProperty('success');
      await world.call(`/runs/${id}/cancel`);
    },
  },
  {
    shows: ['1.4/sse-headers', '1.4/sse-data', '1.4/sse-last', '1.1/getupdate_sse'],
    says: 'streams: only data lines, JSON with a type, at last completed with the result; not cached',
    show: async (world) => {
      const id = await started(world, ASYNC, { n: 1 });
      const { headers, text } = await get(world, `${JOBS}_u/getupdate_sse/${id}`);
      expect(headers.get('cache-control')).toMatch(/no-cache|no-store/);
      expect(dataOf(text).at(-1)).toMatchObject({ type: 'update', completed: true, only_result: { n: 1 } });
      const unknown = await get(world, `${JOBS}_u/getupdate_sse/01a1fe04-148e-7730-95d0-3c1cf9210df0`);
      expect(dataOf(unknown.text)).toContainEqual({ type: 'notfound' });
    },
  },
];
