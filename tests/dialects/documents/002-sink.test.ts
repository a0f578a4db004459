/** Document 002, the HTTP sink, against the running product: what it says, section by section. */
import { request as httpRequest } from 'node:http';
import { readServerFile } from '@millrace/runtime';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Request, startWorld, type World } from '../world.ts';
import { framesOf, framesUntil } from './event-frames.ts';

const TOKEN = 'a-token-of-one-sink';
const SINK = '/sink/trigger/http/app_one';

const script = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines, ''].join('\n');
const ECHO = script('cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"');
const IN_STEPS = script(
  ...[25, 50, 100].flatMap((percent) => [`echo "::progress ${percent}"`, 'sleep 0.3']),
  'cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"',
);

const WORKFLOWS: Readonly<Record<string, string>> = {
  'sinks/echo.sh': ECHO,
  'sinks/echo.yaml': `
triggers:
  - { dialect: sink, id: any, app_id: app_one, path: /any, auth_token: null, mode: sync }
  - { dialect: sink, id: keyed, app_id: app_one, path: /keyed, method: POST, auth_token: ${TOKEN}, mode: sync }
  - { dialect: sink, id: deep, app_id: app_one, path: /webhook/github/issues, method: POST, auth_token: null, mode: sync }
  - { dialect: sink, id: off, app_id: app_one, path: /off, auth_token: null, enabled: false }
  - { dialect: sink, id: at-once, app_id: app_one, path: /at-once, auth_token: null, mode: async }
  - { dialect: sink, id: rated, app_id: app_one, path: /rated, auth_token: null, mode: async, rate_limit: { requests: 1, per: 60 } }
`,
  'sinks/steps.sh': IN_STEPS,
  'sinks/steps.yaml': 'triggers: [{ dialect: sink, app_id: app_one, path: /steps, method: POST, auth_token: null }]\n',
  'sinks/long.sh': script('echo "::progress 25"', 'sleep 600'),
  'sinks/long.yaml': 'triggers: [{ dialect: sink, app_id: app_one, path: /long, method: POST, auth_token: null }]\n',
  'sinks/other.sh': script('echo \'"the other application"\''),
  'sinks/other.yaml': 'triggers: [{ dialect: sink, app_id: app_two, path: /any, auth_token: null, mode: sync }]\n',
  // The configurations that it shows, member by member; only where they belong is added.
  'shown/all.sh': ECHO,
  'shown/all.yaml': `
triggers:
  - { dialect: sink, id: hook, app_id: app_one, "path": "/github-webhook", "method": "POST", "auth_token": null }
  - { dialect: sink, id: api, app_id: app_one, "path": "/api/v1/process", "method": "POST", "auth_token": "secret-api-key" }
  - { dialect: sink, id: form, app_id: app_one, "path": "/submit-form", "method": "POST", "auth_token": null, cross_site: true }
`,
};

let world: World;
let stop = (): Promise<void> => Promise.resolve();
/** Address of the second listener. */
let local: string;
beforeAll(async () => {
  const started = await startWorld({ workflows: WORKFLOWS, secrets: {}, config: '[dialects.sink]\nlisten = 0\n' });
  ({ stop } = started);
  world = started;
  local = `http://127.0.0.1:${world.platform.platform.listeners()['sink'] ?? 0}`;
});
afterAll(() => stop());

/** As strangers call: without any token of the server. */
const call = (path: string, request: Request = {}) => world.call(path, { token: null, ...request });

const JSON_BACK = { accept: 'application/json' };

/** By methods that `fetch` has none of. */
const statusOf = (method: string, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(world.platform.url);
    httpRequest({ hostname, port, method, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });

describe('002, introduction', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('%s starts a run with what was sent', async (method) => {
    const body = method === 'GET' ? {} : { body: { said: method } };
    const answer = await call(`${SINK}/any?by=${method}`, { method, ...body });
    expect([answer.status, answer.json]).toEqual([200, { by: method, ...body.body }]);
  });

  test('HEAD starts nothing, nor does a method that no sink has', async () => {
    const before = await world.runsOf('sinks/echo');
    expect(await statusOf('HEAD', `${SINK}/any`)).toBe(405);
    for (const method of ['TRACE', 'PROPFIND']) expect(await statusOf(method, `${SINK}/any`)).toBeGreaterThan(400);
    expect(await world.runsOf('sinks/echo')).toBe(before);
  });
});

describe('002, endpoint', () => {
  test('application and path together are the address', async () => {
    expect((await call(`${SINK}/any`, { body: 1 })).json).toBe(1);
    expect((await call('/sink/trigger/http/app_two/any', { body: 1 })).json).toBe('the other application');
    expect((await call('/sink/trigger/http/app_three/any', { body: 1 })).status).toBe(404);
  });

  test('its servers have it below /api/v1 as well', async () => {
    expect((await call(`/api/v1${SINK}/any`, { body: 1 })).json).toBe(1);
  });
});

describe('002, configuration', () => {
  test('a path that does not begin with a slash is refused at deploy', async () => {
    world.platform.saveWorkflow('wrong/path.yaml', 'triggers: [{ dialect: sink, path: webhook, auth_token: null }]\n');
    world.platform.saveWorkflow('wrong/path.sh', ECHO);
    await eventually(async () => {
      const { json } = await world.call('/workflows/wrong/path', { method: 'GET' });
      expect(json).toMatchObject({ problem: { reason: expect.stringContaining('path') as string } });
    });
  });

  test('a sink has the method that it declares, and others are refused', async () => {
    expect((await call(`${SINK}/steps`, { method: 'PUT', body: {} })).status).toBe(405);
    expect((await call(`${SINK}/keyed`, { method: 'GET', token: TOKEN })).headers.get('allow')).toBe('POST');
  });
});

describe('002, local development', () => {
  test('a port of its own serves /<application><path>, and tells where it is', async () => {
    expect(local).toBe(`http://127.0.0.1:${readServerFile(world.platform.dataDir)?.listeners?.['sink'] ?? 0}`);
    const body = { event: 'test', data: { key: 'value' } };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${local}/app_one/steps`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(framesOf(await answer.text()).at(-1)).toMatchObject({ type: 'complete', output: body });
  });

  test('nothing else is served there', async () => {
    const headers = { authorization: `Bearer ${world.platform.token}` };
    expect((await fetch(`${local}/workflows`, { headers })).status).toBe(404);
    expect((await fetch(`${local}/app_one/none`, { method: 'POST' })).status).toBe(404);
  });
});

describe('002, authentication', () => {
  test('a sink with a token takes it as bearer', async () => {
    expect((await call(`${SINK}/keyed`, { token: TOKEN, body: { a: 1 } })).json).toEqual({ a: 1 });
  });

  test('without it, or with another one, nothing starts: 401', async () => {
    const before = await world.runsOf('sinks/echo');
    for (const token of [null, 'another', world.platform.token, `${TOKEN}x`])
      expect((await call(`${SINK}/keyed`, { token, body: {} })).status).toBe(401);
    expect(await world.runsOf('sinks/echo')).toBe(before);
  });

  test('a sink whose token is null is for anyone', async () => {
    expect((await call(`${SINK}/any`, { body: { a: 1 } })).json).toEqual({ a: 1 });
  });
});

describe('002, response', () => {
  test('a stream of events tells the progress, and the result at its end', async () => {
    const answer = await call(`${SINK}/steps`, { body: { done: true } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const frames = framesOf(answer.text);
    const run_id: unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(frames).toEqual([
      { type: 'progress', run_id, progress: 0 },
      { type: 'progress', run_id, progress: 25 },
      { type: 'progress', run_id, progress: 50 },
      { type: 'progress', run_id, progress: 100 },
      { type: 'complete', run_id, output: { done: true } },
    ]);
    expect(new Set(frames.map((frame) => frame.run_id)).size).toBe(1);
    expect(answer.text).not.toMatch(/^(event|id):/m);
  });

  test('progress comes while the run is under way', async () => {
    const answer = await fetch(`${world.platform.url}${SINK}/long`, { method: 'POST' });
    const frames = await framesUntil(answer, ({ progress }) => progress === 25);
    const id = frames[0]?.run_id ?? '';
    // It would run for ten minutes.
    expect((await world.call(`/runs/${id}/cancel`)).status).toBe(202);
    expect(await world.ended(id)).toMatchObject({ status: 'cancelled' });
  });

  test('whoever reads it as a whole finds the result in the last event', async () => {
    const { text } = await call(`${SINK}/steps`, { body: [1, null] });
    const last = text.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last.replace(/^data: /, ''))).toMatchObject({ type: 'complete', output: [1, null] });
  });
});

describe('002, use cases', () => {
  test.each<[string, string, string, unknown]>([
    ['GitHub', 'application/json', '{"action":"opened","number":7}', { action: 'opened', number: 7 }],
    ['Stripe', 'application/json; charset=utf-8', '{"id":"evt_1","type":"x"}', { id: 'evt_1', type: 'x' }],
    ['Slack', 'application/x-www-form-urlencoded', 'command=%2Fday&text=a+b', { command: '/day', text: 'a b' }],
  ])('what %s sends is the input of the run, and no token is asked for', async (_who, type, body, input) => {
    const headers = { 'content-type': type, ...JSON_BACK };
    expect((await call(`${SINK}/github-webhook`, { headers, body })).json).toEqual(input);
  });

  test('an endpoint for programs answers to its key alone', async () => {
    const request = { headers: JSON_BACK, body: { n: 1 } };
    expect((await call(`${SINK}/api/v1/process`, { ...request, token: 'secret-api-key' })).json).toEqual({ n: 1 });
    expect((await call(`${SINK}/api/v1/process`, request)).status).toBe(401);
  });

  test('a form of a website is an object of its fields', async () => {
    const page = { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' };
    const headers = { ...page, ...JSON_BACK, 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'name=Ada+L.&topic=a&topic=b';
    const answer = await call(`${SINK}/submit-form`, { headers, body });
    expect(answer.json).toEqual({ name: 'Ada L.', topic: ['a', 'b'] });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    // A page may call only where the sink says so.
    expect((await call(`${SINK}/github-webhook`, { headers, body })).status).toBe(403);
  });
});

describe('002, status codes', () => {
  test('404 where no sink is, or none that is active', async () => {
    for (const path of ['/none', '/off', '/any/more'])
      expect((await call(`${SINK}${path}`, { body: {} })).json).toEqual({
        triggered: false,
        run_id: null,
        message: 'Route not found',
      });
  });
});

describe('002, advice', () => {
  test('a path may have several parts that say what it is for', async () => {
    expect((await call(`${SINK}/webhook/github/issues`, { body: { n: 1 } })).json).toEqual({ n: 1 });
    expect((await call(`${SINK}/webhook/github`, { body: {} })).status).toBe(404);
  });

  test('what came in can be looked at: started runs, and requests that were refused', async () => {
    const { run_id: id } = (await call(`${SINK}/at-once`, { body: {} })).json as { readonly run_id: string };
    expect(await world.ended(id)).toMatchObject({ requested_by: 'trigger:sinks/echo#at-once' });
    await call(`${SINK}/keyed`, { token: 'nobody', body: {} });
    await eventually(async () => {
      const { json } = await world.call('/requests?outcome=refused&limit=100', { method: 'GET' });
      const { requests } = json as { readonly requests: readonly Readonly<Record<string, unknown>>[] };
      expect(requests).toContainEqual(
        expect.objectContaining({ workflow: 'sinks/echo', code: 'auth.unauthorized', path: `${SINK}/keyed` }),
      );
    });
  });

  test('a sink has a rate of its own where one is declared', async () => {
    await call(`${SINK}/rated`, { body: {} });
    expect((await call(`${SINK}/rated`, { body: {} })).status).toBe(429);
  });
});

test('002, status codes: 500 where nothing can be recorded', async () => {
  world.platform.signal('nats', 'SIGSTOP');
  try {
    const { status, json } = await call(`${SINK}/any`, { body: {} });
    expect([status, json]).toMatchObject([
      500,
      { triggered: false, message: expect.stringMatching(/^Dispatch failed/) as string },
    ]);
  } finally {
    world.platform.signal('nats', 'SIGCONT');
  }
});
