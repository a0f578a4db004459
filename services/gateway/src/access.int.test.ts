import { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_DIALECTS } from '@millrace/dialects';
import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { headersOf, startTestGateway, type TestGateway, type TokenName } from '../testing/start-test-gateway.ts';

interface Route {
  readonly method: string;
  readonly url: string;
  readonly access: string;
}

let gateway: TestGateway;
let routes: readonly Route[];

interface Described {
  readonly security: readonly unknown[];
  readonly tags?: readonly string[];
}

/** Their addresses have rules of their own, with tests of their own. */
const OTHER_DIALECTS: ReadonlySet<string> = new Set(
  ALL_DIALECTS.map(({ name }) => name).filter((name) => name !== 'serve'),
);

const isOurs = ({ tags = [] }: Described): boolean => !tags.some((tag) => OTHER_DIALECTS.has(tag));

/** All routes of ours and of the dialect serve, as the server itself knows them, with the access that each declares. */
const readRoutes = (app: FastifyInstance): readonly Route[] => {
  const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Described>> };
  return Object.entries(paths).flatMap(([url, methods]) => {
    const ours = Object.entries(methods).filter(([, route]) => isOurs(route));
    return ours.map(([method, { security }]) => ({
      method: method.toUpperCase(),
      url: url.replace('{path}', 'tests/mine').replace('{id}', '01a1fe04-148e-7730-95d0-3c1cf9210df0'),
      access: security.length === 0 ? 'public' : 'guarded',
    }));
  });
};

beforeAll(async () => {
  gateway = await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url });
  await gateway.deploy('tests/mine');
  await gateway.deploy('tests/theirs');
  await eventually(() => expect(gateway.catalog.entries().size).toBe(2));
  routes = readRoutes(gateway.app);
});
afterAll(() => gateway.close());

const guarded = (): readonly Route[] => routes.filter(({ access }) => access !== 'public');

describe('A1: every route', () => {
  test('is known to this test, and only health and the description are public', () => {
    expect(routes.length).toBeGreaterThanOrEqual(20);
    const open = routes.filter(({ access }) => access === 'public').map(({ method, url }) => `${method} ${url}`);
    expect(open.sort()).toEqual(['GET /health', 'GET /openapi.json']);
  });

  test.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${Buffer.from('admin:admin-token').toString('base64')}` }],
    ['another case', { authorization: 'bearer admin-token' }],
    ['two spaces', { authorization: 'Bearer  admin-token' }],
    ['an expired token', { authorization: 'Bearer expired-token' }],
  ])('answers 401 to %s', async (_name, headers) => {
    for (const [index, { method, url }] of guarded().entries()) {
      const all = { 'x-workflow-client': 'test', ...headers };
      // Wrong tokens count by address: each of these comes from another one.
      const remoteAddress = `192.0.2.${index}`;
      const response = await gateway.app.inject({ method: method as 'GET', url, headers: all, remoteAddress });
      expect([method, url, response.statusCode]).toEqual([method, url, 401]);
      expect(response.json()).toMatchObject({ error: 'unauthorized' });
    }
  });

  test('answers 401 to every other way to write its address', async () => {
    for (const { method, url } of guarded()) {
      for (const trick of [
        `/${url}`,
        `${url}/`,
        `${url};x`,
        `${url}/configs`,
        `${url}%2f`,
        `/.${url}`,
        `/%2e%2e${url}`,
        `/health/..${url}`,
        `${url}?token=admin-token`,
        url.toUpperCase(),
        url.replace(/\/(\w)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`),
      ]) {
        const response = await gateway.app.inject({ method: method as 'GET', url: trick });
        expect([trick, response.statusCode]).toEqual([trick, 401]);
      }
    }
  });

  test('answers 401 to HEAD and OPTIONS', async () => {
    for (const { url } of guarded()) {
      for (const method of ['HEAD', 'OPTIONS'] as const) {
        const response = await gateway.app.inject({ method, url });
        expect([method, url, response.statusCode]).toEqual([method, url, 401]);
      }
    }
  });

  test('demands X-Workflow-Client on all but GET, and it must not be empty', async () => {
    const posts = guarded().filter(({ method }) => method !== 'GET');
    expect(posts.length).toBeGreaterThanOrEqual(6);
    for (const { method, url } of posts) {
      for (const header of [{}, { 'x-workflow-client': '' }, { 'x-workflow-client': '  ' }]) {
        const headers = { authorization: 'Bearer admin-token', ...header };
        const response = await gateway.app.inject({ method: method as 'POST', url, headers });
        expect([url, response.statusCode]).toEqual([url, 403]);
        expect(response.json()).toMatchObject({ error: 'missing X-Workflow-Client header' });
      }
    }
  });

  test('answers 421 to a foreign Host and 403 to a page of another site, public or not', async () => {
    for (const { method, url } of routes) {
      const call = (headers: Record<string, string>) =>
        gateway.app.inject({ method: method as 'GET', url, headers: { ...headersOf('admin'), ...headers } });
      expect([url, (await call({ host: 'evil.test' })).statusCode]).toEqual([url, 421]);
      expect([url, (await call({ 'sec-fetch-site': 'cross-site' })).statusCode]).toEqual([url, 403]);
    }
  });

  test('sends no CORS headers', async () => {
    for (const { method, url } of routes) {
      const headers = { ...headersOf('read'), origin: 'http://evil.test' };
      const response = await gateway.app.inject({ method: method as 'GET', url, headers });
      expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('an address that does not exist', () => {
  test('is 401 without a token and 404 with one', async () => {
    expect((await gateway.app.inject('/nothing')).statusCode).toBe(401);
    const response = await gateway.call({ url: '/nothing' });
    expect([response.statusCode, response.json()]).toEqual([404, { error: 'not found' }]);
  });

  test('is 400 when it is no address at all', async () => {
    const response = await gateway.call({ url: '/runs/%zz' });
    expect([response.statusCode, response.json()]).toMatchObject([400, { code: 'http.bad_url' }]);
  });
});

describe('A3: scopes', () => {
  const startable: readonly [TokenName, string, number][] = [
    ['admin', 'tests/theirs', 202],
    ['run', 'tests/theirs', 202],
    ['limited', 'tests/mine', 202],
    ['limited', 'tests/theirs', 404],
    ['limited', 'tests/nothing', 404],
    ['read', 'tests/mine', 403],
  ];
  test.each(startable)('%s starting %s: %i', async (as, path, status) => {
    const response = await gateway.call({ as, method: 'POST', url: `/run/${path}` });
    expect(response.statusCode).toBe(status);
    // Foreign and missing cannot be told apart.
    if (status === 404) expect(response.json()).toEqual({ error: `task not found: ${path}` });
  });

  test.each(['read', 'run', 'limited'] as const)('%s may not manage tokens', async (as) => {
    for (const [method, url] of [
      ['GET', '/tokens'],
      ['POST', '/tokens'],
      ['DELETE', '/tokens/admin'],
    ] as const) {
      const response = await gateway.call({
        as,
        method,
        url,
        ...(method === 'POST' ? { payload: { scopes: ['admin'] } } : {}),
      });
      expect([url, response.statusCode]).toEqual([url, 403]);
    }
  });

  test('a limited token sees its own workflows only', async () => {
    const tasks = await gateway.call({ as: 'limited', url: '/tasks' });
    expect(tasks.json()).toMatchObject({ tasks: [{ ref: 'tests/mine' }] });
    const workflows = await gateway.call({ as: 'limited', url: '/workflows' });
    expect(workflows.json()).toMatchObject({ workflows: [{ path: 'tests/mine' }] });
    expect((await gateway.call({ as: 'limited', url: '/workflows/tests/theirs' })).statusCode).toBe(404);
    expect((await gateway.call({ as: 'limited', url: '/workflows/tests/mine' })).statusCode).toBe(200);
  });
});

describe('tokens', () => {
  test('are shown once, work, and stop working when revoked', async () => {
    const payload = { label: 'ci', scopes: ['run:tests/*'], expires_in: '1h' };
    const created = await gateway.call({ method: 'POST', url: '/tokens', payload });
    expect(created.statusCode).toBe(201);
    const { id, token } = created.json<{ id: string; token: string }>();
    const call = () => gateway.app.inject({ url: '/tasks', headers: { authorization: `Bearer ${token}` } });
    await eventually(async () => expect((await call()).statusCode).toBe(200));

    const list = await gateway.call({ url: '/tokens' });
    expect(list.json<{ tokens: { id: string }[] }>().tokens.find((entry) => entry.id === id)).toMatchObject({
      label: 'ci',
      scopes: ['run:tests/*'],
    });
    expect(list.body).not.toContain(token);
    expect(list.body).not.toContain('sha256');

    expect((await gateway.call({ method: 'DELETE', url: `/tokens/${id}` })).statusCode).toBe(204);
    await eventually(async () => expect((await call()).statusCode).toBe(401), { timeoutMs: 1_000 });
    expect((await gateway.call({ method: 'DELETE', url: `/tokens/${id}` })).statusCode).toBe(404);
  });

  test.each([
    { scopes: [] },
    { scopes: ['root'] },
    { scopes: ['run:'] },
    { scopes: ['run:a b'] },
    {},
    { scopes: ['read'], expires_in: 'soon' },
    { scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' },
    { scopes: ['read'], expires_in: '1h', expires_at: '2099-01-01T00:00:00Z' },
    { scopes: ['read'], more: 1 },
  ])('refuses %j', async (payload) => {
    const response = await gateway.call({ method: 'POST', url: '/tokens', payload });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toContain('application/problem+json');
  });
});
