import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Request, type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { unrecorded } from './unrecorded.ts';
import { SOURCES } from './workflows.ts';

const ENDPOINTS = '/api/endpoints';

const endpoint = (world: World, name: string, request: Request = {}) =>
  world.call(`${ENDPOINTS}/${name}`, { body: {}, ...request });

export const ENDPOINT_OTHERS: readonly Fact[] = [
  {
    shows: ['3.1/methods'],
    says: 'GET, POST, PUT, PATCH and DELETE, where the endpoint allows them',
    show: async (world) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const request = method === 'GET' ? { method, body: undefined } : { method };
        expect([method, (await endpoint(world, 'anyhow', request)).status]).toEqual([method, 200]);
      }
    },
  },
  {
    shows: ['3.1/errors'],
    says: 'every refusal is `detail`, with a pointer beside it where the input does not fit',
    show: async (world) => {
      const membersOf = async (name: string, request: Request = {}) =>
        Object.keys((await endpoint(world, name, request)).json as object).toSorted();
      expect(await membersOf('echo', { token: null })).toEqual(['detail']);
      expect(await membersOf('unknown')).toEqual(['detail']);
      expect(await membersOf('identified', { method: 'PUT' })).toEqual(['detail']);
      expect(await membersOf('typed', { body: { n: 'none' } })).toEqual(['detail', 'pointer']);
    },
  },
  {
    shows: ['3.1/cache'],
    says: 'an endpoint that is switched off is not called any more',
    show: async (world) => {
      const put = (verb: string) =>
        world.call(`/triggers/${verb}`, { body: { workflow: 'shop/anyhow', trigger: 'endpoints' } });
      const becomes = (status: number) =>
        eventually(async () => expect((await endpoint(world, 'anyhow')).status).toBe(status));
      await put('disable');
      await becomes(404);
      await put('enable');
      await becomes(200);
    },
  },
  {
    shows: ['3.2/keys', '3.2/identity'],
    says: 'a key is a token, which expires; a run is requested by it',
    show: async (world) => {
      const { json } = await world.call('/tokens', { body: { scopes: ['run:shop/echo'], expires_in: '2s' } });
      const { id: by, token } = json as { readonly id: string; readonly token: string };
      const headers = { 'x-bifrost-key': token };
      const started = await endpoint(world, 'echo', { token: null, headers });
      const id = started.headers.get('x-execution-id') ?? '';
      expect(await world.ended(id)).toMatchObject({ requested_by: by });
      await eventually(async () => expect((await endpoint(world, 'echo', { token: null, headers })).status).toBe(401));
    },
  },
  {
    shows: ['3.4/statuses'],
    says: 'an execution is Success, Failed, Timeout or Cancelled in the end',
    show: async (world) => {
      const reaches = (id: string, status: string): Promise<void> =>
        eventually(async () =>
          expect((await world.call(`/api/executions/${id}`, { method: 'GET' })).json).toMatchObject({ status }),
        );
      for (const [name, status] of [
        ['tuple', 'Success'],
        ['fail', 'Failed'],
        ['brief', 'Timeout'],
      ] as const)
        await reaches((await endpoint(world, name)).headers.get('x-execution-id') ?? '', status);
      const { execution_id: id } = (await endpoint(world, 'slow')).json as { readonly execution_id: string };
      await world.call(`/api/executions/${id}/cancel`);
      await reaches(id, 'Cancelled');
    },
  },
  {
    shows: ['3.3/no-limit'],
    says: 'more than 1 MiB is 413',
    show: async (world) => expect((await endpoint(world, 'echo', { body: 'a'.repeat(1_048_577) })).status).toBe(413),
  },
  {
    shows: ['3.4/no-stream'],
    says: 'no stream: JSON, whatever is asked for',
    show: async (world) => {
      const { headers } = await endpoint(world, 'tuple', { headers: { accept: 'text/event-stream' } });
      expect(headers.get('content-type')).toContain('application/json');
    },
  },
  {
    shows: ['3.6/500'],
    says: 'what cannot be recorded is 503 with Retry-After: as text of an event source, as detail of an endpoint',
    show: async (world) => {
      const { source, endpoint: answered } = await unrecorded(world);
      expect([source.status, source.headers.get('content-type')]).toEqual([503, expect.stringContaining('text/plain')]);
      expect([answered.status, answered.json]).toEqual([503, { detail: expect.any(String) as string }]);
      for (const { headers } of [source, answered]) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    },
  },
  {
    shows: ['3.6/source-ip'],
    says: 'the address of a caller is not what the caller says',
    show: async (world) => {
      const headers = { 'x-forwarded-for': '192.0.2.7' };
      await world.call(`/api/hooks/${SOURCES.open}`, { token: null, headers, body: { from: 'afar' } });
      await world.runsOf('shop/sources');
      const { json } = await world.call('/runs?workflow=shop/sources&limit=1', { method: 'GET' });
      const [{ run_id: id }] = (json as { readonly runs: readonly [{ readonly run_id: string }] }).runs;
      const { input } = (await world.ended(id)) as {
        readonly input: { readonly _event: { readonly source_ip: string } };
      };
      expect(input._event.source_ip).toMatch(/127\.0\.0\.1|::1/);
    },
  },
  {
    shows: ['3.6/openapi'],
    says: 'OpenAPI has the address, and the key among its schemes',
    show: async ({ call }) => {
      const { text } = await call('/openapi.json', { method: 'GET' });
      expect(text).toContain('"/api/endpoints/{');
      expect(text).toContain('"name":"X-Bifrost-Key"');
    },
  },
  {
    shows: ['3.6/no-dedup'],
    says: 'a call with the same Idempotency-Key is the same execution',
    show: async (world) => {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      const start = async () => (await endpoint(world, 'echo', { headers })).headers.get('x-execution-id');
      expect(await start()).toBe(await start());
    },
  },
  {
    shows: ['3.6/csrf'],
    says: 'a cookie opens nothing',
    show: async (world) => {
      const headers = { cookie: `token=${world.platform.token}; access_token=${world.platform.token}` };
      expect((await endpoint(world, 'echo', { token: null, headers })).status).toBe(401);
    },
  },
];
