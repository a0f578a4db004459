import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { makeToken, NO_RUN, QUICK } from './platform.ts';

const SLOW = '#!/bin/sh\nsleep 60\n';

type Resource = 'own' | 'foreign' | 'missing';
type Holder = 'admin' | 'read' | 'run' | 'limited' | 'webhook';

let platform: TestPlatform;
let tokens: Readonly<Record<Holder, string>>;
let runs: Readonly<Record<Resource, string>>;
const workflows: Readonly<Record<Resource, string>> = {
  own: 'team/mine',
  foreign: 'team/theirs',
  missing: 'team/nothing',
};

beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: { 'team/mine.sh': QUICK, 'team/theirs.sh': QUICK, 'team/long.sh': SLOW },
  });
  const { http } = platform;
  tokens = {
    admin: platform.token,
    read: await makeToken(http, 'read'),
    run: await makeToken(http, 'run'),
    limited: await makeToken(http, 'run:team/mine'),
    webhook: await makeToken(http, 'jobs:run:scripts:team/mine'),
  };
  runs = { own: await startRun(http, 'team/mine'), foreign: await startRun(http, 'team/theirs'), missing: NO_RUN };
  for (const id of [runs.own, runs.foreign]) await untilEnded(http, id);
});
afterAll(() => platform.stop());

interface Row {
  readonly call: string;
  readonly path: (resource: Resource) => string;
  /** Status by who asks: own, foreign, missing. */
  readonly expected: Readonly<Record<Holder, readonly [number, number, number]>>;
}

const reads = (call: string, path: Row['path']): Row => ({
  call,
  path,
  expected: {
    admin: [200, 200, 404],
    read: [200, 200, 404],
    run: [200, 200, 404],
    limited: [200, 404, 404],
    // The runs here are the administrator's: such a token sees those that it started, and no workflow.
    webhook: [404, 404, 404],
  },
});
const acts = (call: string, path: Row['path'], done: number): Row => ({
  call,
  path,
  expected: {
    admin: [done, done, 404],
    read: [403, 403, 403],
    run: [done, done, 404],
    limited: [done, 404, 404],
    webhook: [404, 404, 404],
  },
});

const MATRIX: readonly Row[] = [
  reads('GET', (resource) => `/status/${runs[resource]}`),
  reads('GET', (resource) => `/runs/${runs[resource]}`),
  reads('GET', (resource) => `/runs/${runs[resource]}/logs`),
  reads('GET', (resource) => `/runs/${runs[resource]}/events`),
  reads('GET', (resource) => `/workflows/${workflows[resource]}`),
  {
    ...acts('POST', (resource) => `/run/${workflows[resource]}`, 202),
    // Whoever may read everything knows which workflows there are.
    expected: {
      admin: [202, 202, 404],
      read: [403, 403, 404],
      run: [202, 202, 404],
      limited: [202, 404, 404],
      webhook: [202, 404, 404],
    },
  },
  acts('POST', (resource) => `/runs/${runs[resource]}/rerun`, 202),
  acts('POST', (resource) => `/runs/${runs[resource]}/cancel`, 409),
];
const RESOURCES: readonly Resource[] = ['own', 'foreign', 'missing'];
const CASES = MATRIX.flatMap((row) =>
  (Object.keys(row.expected) as Holder[]).map((holder) => [row.call, row.path.toString(), holder, row] as const),
);

/** What an answer says, without the names of what was asked for. */
const wordsOf = (text: string, resource: Resource): string =>
  text
    .replaceAll(runs[resource], 'RUN')
    .replaceAll(workflows[resource], 'WORKFLOW')
    .replace(/"trace_?id":"\w+"/i, '');

describe('A3: a token reaches what its scope says, by every route', () => {
  test.each(CASES)('%s %s as %s', async (method, _path, holder, { path, expected }) => {
    const answers = [];
    for (const resource of RESOURCES) {
      const options = { token: tokens[holder], ...(method === 'POST' ? { body: {} } : {}) };
      answers.push(await platform.http.call(method, path(resource), options));
    }
    expect(answers.map(({ status }) => status)).toEqual(expected[holder]);
    if (holder !== 'limited' && holder !== 'webhook') return;
    const [, foreign, missing] = answers;
    expect(wordsOf(foreign?.text ?? '', 'foreign')).toBe(wordsOf(missing?.text ?? '', 'missing'));
  });
});

describe('A3: lists hold only what the token may see', () => {
  test.each(['/runs', '/runs?workflow=team/theirs', '/runs?limit=200&status=completed', '/workflows', '/tasks'])(
    '%s',
    async (path) => {
      const { status, text } = await platform.http.get(path, { token: tokens.limited });
      expect(status).toBe(200);
      expect(text).not.toContain('theirs');
      expect(text).not.toContain(runs.foreign);
    },
  );

  test('a cursor of somebody else opens nothing either', async () => {
    const { json } = await platform.http.get('/runs?limit=1');
    const cursor = (json as { next_cursor: string }).next_cursor;
    const { text } = await platform.http.get(`/runs?limit=200&cursor=${encodeURIComponent(cursor)}`, {
      token: tokens.limited,
    });
    expect(text).not.toContain('theirs');
  });
});

describe('A3: cursors say where a page ends, and not whose run is there', () => {
  test.each(['/runs', '/requests'])('%s', async (path) => {
    const cursors: string[] = [];
    for (let query = '?limit=1'; query !== '' && cursors.length < 50;) {
      const { json } = await platform.http.get(`${path}${query}`, { token: tokens.limited });
      const { next_cursor: cursor } = json as { next_cursor?: string };
      if (cursor !== undefined) cursors.push(cursor);
      query = cursor === undefined ? '' : `?limit=1&cursor=${encodeURIComponent(cursor)}`;
    }
    const digits = runs.foreign.replaceAll('-', '');
    const told = cursors.map(
      (cursor) => `${cursor.replaceAll('-', '')} ${Buffer.from(cursor, 'base64url').toString('hex')}`,
    );
    if (path === '/runs') expect(cursors.length).toBeGreaterThan(0);
    for (const text of told) expect(text).not.toContain(digits);
  });
});

describe('A3: what only an administrator may', () => {
  test.each([
    ['GET', '/tokens', undefined],
    ['POST', '/tokens', { scopes: ['admin'] }],
    ['DELETE', '/tokens/configured', undefined],
    ['GET', '/secrets', undefined],
    ['PUT', '/secrets/STOLEN', { value: 'x' }],
    ['DELETE', '/secrets/STOLEN', undefined],
    ['GET', '/webhooks', undefined],
    ['POST', '/webhooks', { url: 'https://example.org/' }],
  ] as const)('%s %s', async (method, path, body) => {
    for (const holder of ['read', 'run', 'limited', 'webhook'] as const) {
      const options = { token: tokens[holder], ...(body === undefined ? {} : { body }) };
      const { status } = await platform.http.call(method, path, options);
      expect([403, 404]).toContain(status);
    }
  });

  test('a revoked token opens nothing any more', async () => {
    const { json } = await platform.http.post('/tokens', { body: { scopes: ['admin'] } });
    const { id, token } = json as { id: string; token: string };
    // Made and revoked within a second, as it is promised, and not before.
    await eventually(async () => expect((await platform.http.get('/runs', { token })).status).toBe(200));
    expect((await platform.http.delete(`/tokens/${id}`)).status).toBe(204);
    await eventually(async () => expect((await platform.http.get('/runs', { token })).status).toBe(401), {
      timeoutMs: 1_000,
    });
  });
});

test('A3: a run of others cannot be cancelled, and goes on', async () => {
  const id = await startRun(platform.http, 'team/long');
  const { status } = await platform.http.post(`/runs/${id}/cancel`, { token: tokens.limited, body: {} });
  expect(status).toBe(404);
  const { json } = await platform.http.get(`/status/${id}`);
  expect(json).toMatchObject({ status: 'running' });
  expect((await platform.http.post(`/runs/${id}/cancel`, { token: tokens.run, body: {} })).status).toBe(202);
});

test('A3: what a batch holds starts the workflow of its address, whatever its items say', async () => {
  const event = { specversion: '1.0', id: '1', type: 'run', data: { workflow: 'team/theirs' } };
  const items = [
    { ...event, source: '/team/theirs', subject: 'team/theirs' },
    { ...event, id: '2', source: '/x', workflow: 'team/theirs', workspace: 'other' },
    { ...event, id: '3' },
  ];
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  const start = (workflow: string) =>
    platform.http.post(`/api/w/default/jobs/run/p/${workflow}`, { token: tokens.limited, headers, body: items });
  expect((await start('team/theirs')).status).toBe(404);
  const { status, json } = await start('team/mine');
  const results = (json as { readonly items: readonly { readonly status: string; readonly run_id?: string }[] }).items;
  expect([status, results.map((item) => item.status)]).toEqual([207, ['accepted', 'accepted', 'refused']]);
  for (const { run_id: id } of results.slice(0, 2)) {
    expect(await untilEnded(platform.http, id ?? '')).toMatchObject({ workflow: 'team/mine' });
  }
});

describe('A34: an idempotency key belongs to a token and a workflow', () => {
  const keyed = (token: string, workflow: string, body: unknown) =>
    platform.http.post(`/run/${workflow}`, { token, body, headers: { 'idempotency-key': 'order-17' } });
  const idOf = ({ json }: { readonly json: { readonly run_id: string } }) => json.run_id;

  test('another token under the same key has a run of its own, whatever it sends', async () => {
    const first = await keyed(tokens.run, 'team/mine', { order: 17 });
    const same = await keyed(tokens.limited, 'team/mine', { order: 17 });
    const other = await keyed(tokens.admin, 'team/mine', { order: 18 });
    expect([first.status, same.status, other.status]).toEqual([202, 202, 202]);
    expect(new Set([first, same, other].map(idOf)).size).toBe(3);
    for (const answer of [same, other]) expect(answer.headers.get('idempotency-replayed')).toBeNull();
  });

  test('another workflow under the same key has a run of its own', async () => {
    const mine = await keyed(tokens.run, 'team/mine', { order: 17 });
    const theirs = await keyed(tokens.run, 'team/theirs', { order: 17 });
    expect([mine.status, theirs.status]).toEqual([202, 202]);
    expect(idOf(mine)).not.toBe(idOf(theirs));
  });

  test('the same token with another body is told of its own first run only', async () => {
    const first = await keyed(tokens.limited, 'team/mine', { order: 17 });
    const changed = await keyed(tokens.limited, 'team/mine', { order: 99 });
    expect([first.status, changed.status]).toEqual([202, 409]);
    expect(changed.json).toMatchObject({ code: 'idempotency.key_reused', run_id: idOf(first) });
  });
});
