import { expect } from 'vitest';
import { echo, type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';

const ECHO = '/run/shop/echo';
const MIB = 1_048_576;
const NO_RUN = '01a1fe04-148e-7730-95d0-3c1cf9210df0';
const CLIENT = { 'x-workflow-client': 'facts' };

const bearer = ({ platform }: World): string => `Bearer ${platform.token}`;
/** A header that comes once for each value; a computed name, as the type of `authorization` knows one value only. */
const twice = (name: string, values: readonly string[]) => ({ [name]: [...values] });
/** A JSON body of exactly so many bytes. */
const ofBytes = (bytes: number): string => `{"input":"${'a'.repeat(bytes - 12)}"}`;

const started = async ({ call }: World, path: string, body: unknown = {}): Promise<string> =>
  ((await call(path, { body })).json as { readonly run_id: string }).run_id;

/** 401, with the body that clients compare. */
const refused = async (world: World, authorization: string): Promise<void> => {
  const answer = await world.call(ECHO, { token: null, headers: { authorization }, body: {} });
  expect([authorization, answer.status, answer.json]).toEqual([authorization, 401, { error: 'unauthorized' }]);
};

export const SERVE: readonly Fact[] = [
  {
    shows: ['0.1/tasks'],
    says: 'GET /tasks lists kind, path and ref',
    show: async ({ call }) => {
      const { json } = await call('/tasks', { method: 'GET' });
      const tasks = (json as { readonly tasks: readonly unknown[] }).tasks;
      const echoTask = { kind: 'ShellScript', path: 'shop/echo.sh', ref: 'shop/echo' };
      expect(tasks).toContainEqual(expect.objectContaining(echoTask));
      expect(tasks).toContainEqual(expect.objectContaining({ kind: 'YamlWorkflow', ref: 'shop/defined' }));
    },
  },
  {
    shows: ['0.1/run-202'],
    says: 'POST /run/{category}/{task} is 202 with run_id, status and task_ref',
    show: async ({ call }) => {
      const { status, headers, json } = await call(ECHO, { body: {} });
      expect([status, headers.get('content-type')]).toEqual([202, expect.stringContaining('application/json')]);
      expect(json).toMatchObject({ run_id: expect.any(String) as string, status: 'accepted', task_ref: 'shop/echo' });
    },
  },
  {
    shows: ['0.1/run-429', '0.1/order-of-run', '0.7/retry-after'],
    says: '429 at the limit, with the limit in it; ours has Retry-After',
    show: async (world) => {
      const id = await started(world, '/run/shop/single');
      const { status, headers, json } = await world.call('/run/shop/single', { body: {} });
      expect([status, json]).toEqual([429, { error: 'too many concurrent runs', max: 1 }]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      // 413 and 404 come before 429 here: what is wrong with a request is so at any load.
      const large = await world.call('/run/shop/single', { body: ofBytes(MIB + 1) });
      const unknown = await world.call('/run/shop/unknown', { body: {} });
      expect([large.status, unknown.status]).toEqual([413, 404]);
      await world.call(`/runs/${id}/cancel`);
      await world.ended(id);
    },
  },
  {
    shows: ['0.1/run-413', '0.3/limit'],
    says: '413 above 1,048,576 bytes, declared or in chunks',
    show: async (world) => {
      const tooLarge = { error: 'request body too large', max_bytes: MIB };
      const declared = await world.call(ECHO, { body: ofBytes(MIB + 1) });
      expect([declared.status, declared.json]).toEqual([413, tooLarge]);
      const headers = { ...CLIENT, authorization: bearer(world), 'transfer-encoding': 'chunked' };
      const chunked = await rawRequest(world.platform.url, ECHO, { headers, body: ofBytes(MIB + 1) });
      expect([chunked.status, JSON.parse(chunked.text)]).toEqual([413, tooLarge]);
      expect((await world.call(ECHO, { body: ofBytes(MIB) })).status).toBe(202);
    },
  },
  {
    shows: ['0.1/run-404', '0.1/status-404', '0.1/other-404'],
    says: '404 for a task, a run and an address that are not there',
    show: async ({ call }) => {
      const bodyOf = async (method: string, path: string) => {
        const { status, json } = await call(path, { method });
        return [status, json as unknown];
      };
      expect(await bodyOf('POST', '/run/shop/unknown')).toEqual([404, { error: 'task not found: shop/unknown' }]);
      expect(await bodyOf('GET', `/status/${NO_RUN}`)).toEqual([404, { error: 'run not found' }]);
      expect(await bodyOf('GET', '/nowhere')).toEqual([404, { error: 'not found' }]);
    },
  },
  {
    shows: ['0.1/no-405'],
    says: 'a known address with another method: 405 with Allow here',
    show: async ({ call }) => {
      const { status, headers } = await call('/status/x', { method: 'PUT' });
      expect([status, headers.get('allow')]).toEqual([405, expect.stringContaining('GET')]);
    },
  },
  {
    shows: ['0.1/raw-segments', '0.1/query-ignored', '0.1/leading-slashes'],
    says: 'addresses are compared as they are written: no decoding, no slash at the end, no query',
    show: async (world) => {
      const statusOf = async (path: string) =>
        (await rawRequest(world.platform.url, path, { headers: { ...CLIENT, authorization: bearer(world) } })).status;
      expect(await Promise.all(['/run/shop%2Fecho', '/run/shop/ech%6F', `${ECHO}/`].map(statusOf))).toEqual([
        404, 404, 404,
      ]);
      expect(await statusOf(`${ECHO}?any=thing`)).toBe(202);
      expect(await statusOf(`/${ECHO}`)).toBe(404); // leading slashes are dropped there
    },
  },
  {
    shows: ['0.1/names'],
    says: 'a dot stands for a slash, as in older clients',
    show: async (world) => expect(await started(world, '/run/shop.echo')).toBeTypeOf('string'),
  },
  {
    shows: ['0.2/bearer-exact', '0.1/401'],
    says: 'exactly `Bearer <key>`: this case, one space',
    show: async (world) => {
      const { token } = world.platform;
      for (const text of [`bearer ${token}`, `Bearer  ${token}`, token, `Bearer ${token}x`]) await refused(world, text);
    },
  },
  {
    shows: ['0.2/first-header'],
    says: 'only the first Authorization header counts',
    show: async (world) => {
      const statusWith = async (...authorization: readonly string[]) =>
        (
          await rawRequest(world.platform.url, ECHO, {
            headers: { ...CLIENT, ...twice('authorization', authorization) },
          })
        ).status;
      expect(await statusWith(bearer(world), 'Bearer wrong')).toBe(202);
      expect(await statusWith('Bearer wrong', bearer(world))).toBe(401);
    },
  },
  {
    shows: ['0.2/header-only'],
    says: 'no token in the query or in a cookie',
    show: async ({ call, platform: { token } }) => {
      expect((await call(`${ECHO}?token=${token}`, { token: null })).status).toBe(401);
      expect((await call(ECHO, { token: null, headers: { cookie: `token=${token}` } })).status).toBe(401);
    },
  },
  {
    shows: ['0.1/health', '0.2/health-open'],
    says: '/health needs no token, as the document has it',
    show: async ({ call }) => expect((await call('/health', { method: 'GET', token: null })).status).toBe(200),
  },
  {
    shows: ['0.1/403', '0.2/client-present', '0.2/client-methods'],
    says: 'X-Workflow-Client: 403 without it, before 404; not for GET; empty is none here, as the document has it',
    show: async ({ call }) => {
      const missing = { error: 'missing X-Workflow-Client header' };
      const statusOf = async (path: string, method = 'POST') => {
        const { status, json } = await call(path, { method, headers: { 'x-workflow-client': '' } });
        return [status, json as unknown];
      };
      expect(await statusOf(ECHO)).toEqual([403, missing]);
      expect(await statusOf('/run/shop/unknown')).toEqual([403, missing]);
      expect((await statusOf(`/status/${NO_RUN}`, 'GET'))[0]).toBe(404);
    },
  },
  {
    shows: ['0.3/content-type', '0.3/utf8', '0.3/empty'],
    says: 'any content type, no body, bytes that are no UTF-8',
    show: async (world) => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expect(await echo.serve(world, { body: '{"input":{"n":1}}', headers: form })).toEqual({ n: 1 });
      expect((await world.call(ECHO)).status).toBe(202);
      const latin = Buffer.from('{"input":"caf\u00e9"}', 'latin1');
      const sent = await fetch(`${world.platform.url}${ECHO}?wait=20`, {
        method: 'POST',
        headers: { ...CLIENT, authorization: bearer(world) },
        body: latin,
      });
      expect(await sent.json()).toMatchObject({ output: 'caf\ufffd' });
    },
  },
  {
    shows: ['0.3/env', '0.3/env-values', '0.3/env-secrets'],
    says: 'env reaches the processes, over the one of the workflow; values that are no texts are 400 here',
    show: async ({ call }) => {
      const { json } = await call('/run/shop/env?wait=20', { body: { env: { TARGET: 'a' } } });
      expect(json).toMatchObject({ output: { target: 'a' } });
      expect((await call('/run/shop/env', { body: { env: { TARGET: 5 } } })).status).toBe(400);
      expect((await call('/run/shop/env', { body: { env: [] } })).status).toBe(400);
      expect((await call('/run/shop/secretly', { body: { env: { GITHUB: 'mine' } } })).status).toBe(400);
    },
  },
  {
    shows: ['0.3/unseen', '0.3/only-env'],
    says: 'query, headers and method are nothing that a workflow sees; other members of the body are its input here',
    show: async (world) => {
      const headers = { 'x-secret': 'unseen' };
      expect(await echo.serve(world, { headers, body: { alert: 'up' } }, '&seen=no')).toEqual({ alert: 'up' });
    },
  },
  {
    shows: ['0.1/status-200', '0.4/run_id', '0.4/exit_code', '0.4/steps', '0.4/started-ended'],
    says: 'a status has run_id, status, exit_code, steps, started and ended',
    show: async (world) => {
      const id = await started(world, ECHO);
      await world.ended(id);
      const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d+(Z|[+-]\d\d:\d\d)$/) as string;
      const { json } = await world.call(`/status/${id}`, { method: 'GET' });
      const end = { run_id: id, status: 'completed', exit_code: 0, steps: 1, started: instant, ended: instant };
      expect(json).toMatchObject(end);
    },
  },
  {
    shows: ['0.4/status', '0.4/completed', '0.4/error'],
    says: 'whatever does not end with 0 has failed; until then it is running',
    show: async (world) => {
      const failed = await started(world, '/run/shop/fail');
      await world.ended(failed);
      const { json } = await world.call(`/status/${failed}`, { method: 'GET' });
      expect(json).toMatchObject({ status: 'failed', exit_code: 3 });
      const slow = await started(world, '/run/shop/slow');
      const { json: underWay } = await world.call(`/status/${slow}`, { method: 'GET' });
      expect(underWay).toMatchObject({ run_id: slow, status: 'running' });
      expect(underWay).not.toHaveProperty('exit_code');
      await world.call(`/runs/${slow}/cancel`);
    },
  },
  {
    shows: ['0.5/none'],
    says: 'CloudEvents: their data is read as a body is',
    show: async (world) => {
      const headers = { 'content-type': 'application/cloudevents+json' };
      const body = { specversion: '1.0', id: '1', source: '/facts', type: 'made', data: { input: { n: 1 } } };
      expect(await echo.serve(world, { headers, body })).toEqual({ n: 1 });
    },
  },
  {
    shows: ['0.6/no-cors'],
    says: 'no CORS',
    show: async ({ call }) => {
      const { headers } = await call('/health', { method: 'GET', headers: { origin: 'https://shop.example' } });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  },
  {
    shows: ['0.7/payload', '0.7/output', '0.4/no-output'],
    says: 'a payload is not discarded, and /status has the output',
    show: async (world) => {
      const id = await started(world, ECHO, { alerts: [{ status: 'firing' }] });
      await world.ended(id);
      const { json } = await world.call(`/status/${id}`, { method: 'GET' });
      expect(json).toMatchObject({ output: { alerts: [{ status: 'firing' }] } });
    },
  },
];
