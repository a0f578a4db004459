import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { echo } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import {
  type Execution,
  WEBHOOKS,
  ECHO,
  NO_RUN,
  hook,
  execution,
  polled,
  reaches,
  kill,
  refusal,
} from './kestra-calls.ts';
import { FACT_KEYS } from './workflows.ts';

export const KESTRA: readonly Fact[] = [
  {
    shows: ['4.1/address', '4.1/head', '4.1/other-methods', '4.1/order-7'],
    says: 'GET, POST and PUT start; HEAD, PATCH and DELETE do not',
    show: async (world) => {
      for (const method of ['GET', 'POST', 'PUT']) {
        const request = method === 'GET' ? { method, body: undefined } : { method };
        expect([method, (await hook(world, ECHO, request)).status]).toEqual([method, 200]);
      }
      for (const method of ['HEAD', 'PATCH', 'DELETE'])
        expect([method, (await rawRequest(world.platform.url, ECHO, { method })).status]).toEqual([method, 405]);
    },
  },
  {
    shows: ['4.1/tenant', '4.7/tenant'],
    says: 'with a tenant, `main`; any other is not there',
    show: async (world) => {
      expect((await hook(world, ECHO.replace('/v1/', '/v1/main/'))).status).toBe(200);
      expect(await refusal(world, ECHO.replace('/v1/', '/v1/other/'))).toEqual([404, 'Not Found: Flow not found']);
    },
  },
  {
    shows: ['4.1/suffix'],
    says: 'further segments are 404, a slash at the end too',
    show: async (world) => {
      for (const path of [`${ECHO}/`, `${ECHO}/more`])
        expect(await refusal(world, path)).toEqual([404, 'Not Found: Webhook not found']);
    },
  },
  {
    shows: ['4.1/order-1', '4.1/order-4', '4.1/links'],
    says: '404 for a flow and for a key, each with its message and _links',
    show: async (world) => {
      const { status, json } = await hook(world, `${WEBHOOKS}/shop/unknown/${KEYS.async}`);
      expect([status, json]).toEqual([
        404,
        {
          message: 'Not Found: Flow not found',
          _links: { self: [{ href: expect.any(String) as string, templated: false }] },
        },
      ]);
      expect(await refusal(world, `${WEBHOOKS}/shop/echo/wrong`)).toEqual([404, 'Not Found: Webhook not found']);
    },
  },
  {
    shows: ['4.1/order-2', '4.1/disabled-trigger', '4.7/disabled'],
    says: '409 for what is disabled',
    show: async (world) =>
      expect(await refusal(world, `${WEBHOOKS}/shop/off/${KEYS.async}`)).toEqual([
        409,
        'Illegal state: Cannot execute a disabled flow',
      ]),
  },
  {
    shows: ['4.1/order-5'],
    says: '204 without a body when a condition is false, or cannot be evaluated',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/conditions/${FACT_KEYS.equals}`;
      for (const body of [{ hello: 'you' }, {}]) {
        const { status, text } = await hook(world, path, { body });
        expect([body, status, text]).toEqual([body, 204, '']);
      }
      expect((await hook(world, path, { body: { hello: 'world' } })).status).toBe(200);
    },
  },
  {
    shows: ['4.2/key', '4.2/key-length', '4.2/several', '4.7/secret-key'],
    says: 'the key is a secret, or has flow.id in it; the first webhook whose key fits is meant',
    show: async (world) => {
      const keyed = `${WEBHOOKS}/shop/keyed`;
      expect((await hook(world, `${keyed}/${FACT_KEYS.secret}`)).json).toMatchObject({ trigger: { id: 'secret' } });
      expect((await hook(world, `${keyed}/shop-keyed-key`)).json).toMatchObject({ trigger: { id: 'rendered' } });
      expect((await hook(world, `${keyed}/${FACT_KEYS.longest}`)).json).toMatchObject({ trigger: { id: 'longest' } });
    },
  },
  {
    shows: ['4.2/basic'],
    says: 'the key alone opens it: no other header matters',
    show: async (world) => {
      for (const authorization of ['Bearer wrong', 'Basic d3Jvbmc6d3Jvbmc='])
        expect((await hook(world, ECHO, { headers: { authorization } })).status).toBe(200);
    },
  },
  {
    shows: ['4.3/body', '4.3/types'],
    says: 'trigger.body: an object, a list; scalars and other texts as they came; null without one',
    show: async (world) => {
      const bodyOf = async (body: unknown, type = 'application/json') =>
        ((await echo.kestra(world, { body, headers: { 'content-type': type } })) as { readonly body: unknown }).body;
      expect(await bodyOf({ n: 1 })).toEqual({ n: 1 });
      expect(await bodyOf([1, 2])).toEqual([1, 2]);
      for (const text of ['42', '"x"', 'true', 'null', '{"n":']) expect(await bodyOf(text)).toBe(text);
      expect(await bodyOf('a=1', 'application/x-www-form-urlencoded')).toBe('a=1');
      expect(await bodyOf('<a/>', 'text/xml')).toBe('<a/>');
      expect(await bodyOf(undefined)).toBeNull();
    },
  },
  {
    shows: ['4.3/lists'],
    says: 'headers and parameters are lists, by names as they were spelled',
    show: async (world) => {
      const { text } = await rawRequest(world.platform.url, `${WEBHOOKS}/shop/echo/${KEYS.waits}?a=1&a=2`, {
        headers: { 'X-GitHub-Event': 'push', 'content-type': 'application/json' },
        body: '{}',
      });
      expect((JSON.parse(text) as Execution).trigger.variables).toMatchObject({
        headers: { 'X-GitHub-Event': ['push'] },
        parameters: { a: ['1', '2'] },
      });
    },
  },
  {
    shows: ['4.3/multipart', '4.3/types'],
    says: 'bytes are base64, files are parts and fields formFields',
    show: async (world) => {
      const bytes = await fetch(`${world.platform.url}${WEBHOOKS}/shop/echo/${KEYS.waits}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array([0, 255, 1]),
      });
      expect(await bytes.json()).toMatchObject({ trigger: { variables: { body: 'AP8B' } } });
      const body = new FormData();
      body.set('field', 'value');
      body.set('file', new Blob(['hello']), 'hello.txt');
      expect(await echo.kestra(world, { body })).toMatchObject({
        body: null,
        parts: [{ name: 'file', filename: 'hello.txt', size: 5 }],
        formFields: { field: ['value'] },
      });
    },
  },
  {
    shows: ['4.3/inputs'],
    says: 'the input of a run is nothing but trigger',
    show: async (world) => {
      const { id } = await execution(world, ECHO, { body: { n: 1 } });
      expect(Object.keys((await world.ended(id))['input'] as object)).toEqual(['trigger']);
    },
  },
  {
    shows: ['4.4/execution', '4.4/response', '4.4/echo', '4.4/async'],
    says: 'an Execution, and a WebhookResponse: both have what their clients read',
    show: async (world) => {
      const headers = { authorization: 'Bearer unseen', 'x-api-key': 'unseen' };
      const { text, json } = await hook(world, ECHO, { body: { n: 1 }, headers });
      const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
      expect(json).toMatchObject({
        tenantId: 'main',
        id: expect.any(String) as string,
        namespace: 'shop',
        flowId: 'echo',
        flowRevision: expect.any(Number) as number,
        labels: expect.any(Array) as unknown,
        state: {
          current: 'CREATED',
          histories: [{ state: 'CREATED', date }],
          duration: expect.stringMatching(/^PT[\d.]+S$/) as string,
          startDate: date,
        },
        trigger: { id: 'webhook', type: 'io.kestra.plugin.core.trigger.Webhook', variables: { body: { n: 1 } } },
        url: expect.stringContaining('/api/v1/main/executions/') as string,
        deleted: false,
      });
      expect(json).not.toHaveProperty('state.endDate');
      expect(text).not.toContain('unseen');
    },
  },
  {
    shows: ['4.4/poll'],
    says: 'polling goes by CREATED, RUNNING and SUCCESS, then has endDate',
    show: async (world) => {
      const { id } = await execution(world, ECHO);
      await reaches(world, id, 'SUCCESS');
      const { state } = await polled(world, id);
      expect(state.histories.map((one) => one.state)).toEqual(['CREATED', 'RUNNING', 'SUCCESS']);
      expect(state).toHaveProperty('endDate');
      const path = `/api/v1/executions/${id}`;
      const headers = { authorization: `Basic ${btoa(`user:${world.platform.token}`)}` };
      expect((await world.call(path, { method: 'GET', token: null, headers })).status).toBe(200);
      expect((await world.call(path, { method: 'GET', token: null })).status).toBe(401);
    },
  },
  {
    shows: ['4.4/states'],
    says: 'FAILED and KILLED; PAUSED, WARNING and SKIPPED are no states of ours',
    show: async (world) => {
      const failed = await execution(world, `${WEBHOOKS}/shop/fail/${KEYS.waits}`);
      expect(failed.state.current).toBe('FAILED');
      const { id } = await execution(world, `${WEBHOOKS}/shop/slow/${KEYS.async}`);
      await reaches(world, id, 'RUNNING');
      await kill(world, id);
      await reaches(world, id, 'KILLED');
    },
  },
  {
    shows: ['4.4/follow'],
    says: 'follow: `id: progress`, at last `id: end`, no event names',
    show: async (world) => {
      const { id } = await execution(world, ECHO);
      const { text, headers } = await world.call(`/api/v1/executions/${id}/follow`, { method: 'GET' });
      expect(headers.get('content-type')).toContain('text/event-stream');
      const lines = text.split('\n');
      expect(lines.filter((line) => line.startsWith('id: ')).at(-1)).toBe('id: end');
      expect(lines.some((line) => line.startsWith('event:'))).toBe(false);
      const last = lines.findLast((line) => line.startsWith('data: ')) ?? '';
      expect(JSON.parse(last.slice('data: '.length))).toMatchObject({ id, state: { current: 'SUCCESS' } });
    },
  },
  {
    shows: ['4.4/follow-unknown'],
    says: 'follow of an unknown id is 404',
    show: async ({ call }) =>
      expect((await call(`/api/v1/executions/${NO_RUN}/follow`, { method: 'GET' })).status).toBe(404),
  },
  {
    shows: ['4.4/wait', '4.7/answers'],
    says: 'wait, returnOutputs, responseCode and responseContentType; waited for and failed is 500',
    show: async (world) => {
      const waits = await hook(world, `${WEBHOOKS}/shop/newer/${FACT_KEYS.waits}`, { body: { n: 1 } });
      expect([waits.status, waits.headers.get('content-type'), waits.text]).toEqual([
        202,
        expect.stringContaining('text/plain'),
        expect.stringContaining('"n":1'),
      ]);
      expect((await hook(world, `${WEBHOOKS}/shop/fail/${KEYS.waits}`)).status).toBe(500);
    },
  },
  {
    shows: ['4.5/structured', '4.5/binary'],
    says: 'a CloudEvent in JSON is trigger.body as it came, a binary one is in trigger.headers',
    show: async (world) => {
      const body = { specversion: '1.0', id: '1', source: '/facts', type: 'made', data: { n: 1 } };
      const structured = { body, headers: { 'content-type': 'application/cloudevents+json' } };
      expect(await echo.kestra(world, structured)).toMatchObject({ body });
      const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/facts', 'ce-type': 'made' };
      expect(await echo.kestra(world, { headers, body: { n: 1 } })).toMatchObject({
        body: { n: 1 },
        headers: { 'ce-type': ['made'] },
      });
    },
  },
];
