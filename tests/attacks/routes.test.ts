import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { type DescribedRoute, readRoutes } from './described-routes.ts';
import { countRuns, makeToken, QUICK } from './platform.ts';
import { makeAddresses, type PlainAnswer, type PlainRequest, send } from './send.ts';

/** What anybody may read. */
const OPEN = ['GET /api/hooks/health', 'GET /health', 'GET /openapi.json'];
/** Their addresses are no secret, as in the systems that they come from: where no trigger is, everybody is told so. */
const OPEN_ADDRESSES = [
  '/hooks/',
  '/sink/',
  '/api/v1/sink/',
  '/api/endpoints/',
  '/api/hooks/',
  '/api/v1/executions/webhook/',
  '/api/v1/x/executions/webhook/',
  '/api/r/',
];

let platform: TestPlatform;
let routes: readonly DescribedRoute[];
let runId: string;
const nextAddress = makeAddresses(1);

beforeAll(async () => {
  platform = await startTestPlatform({ workflows: { 'attack/mine.sh': QUICK } });
  runId = await startRun(platform.http, 'attack/mine');
  await untilEnded(platform.http, runId);
  routes = await readRoutes(platform.http, {
    path: 'attack/mine',
    id: runId,
    uuid: runId,
    runId,
    workspace: 'default',
    w: 'default',
  });
});
afterAll(() => platform.stop());

const call = (request: PlainRequest): Promise<PlainAnswer> => send(platform.url, { from: nextAddress(), ...request });

const isGuarded = ({ isPublic }: DescribedRoute): boolean => !isPublic;
const isOpenAddress = (path: string): boolean => OPEN_ADDRESSES.some((prefix) => path.startsWith(prefix));

/** Browsers and senders of CloudEvents ask by these what is allowed; whatever the address means, they are told the same. */
const isHandshake = (method: string): boolean => method === 'HEAD' || method === 'OPTIONS';

const isRefusal = (method: string, path: string, { status, text }: PlainAnswer): boolean => {
  if (isHandshake(method) && (status === 200 || status === 204)) return text === '';
  return (isOpenAddress(path) ? [401, 404, 405] : [401]).includes(status);
};

const isRefused = async ({ method = 'GET', path, headers = {} }: PlainRequest): Promise<void> => {
  const answer = await call({ method, path, headers: { 'x-workflow-client': 'x', ...headers } });
  expect(isRefusal(method, path, answer), `${method} ${path}: ${answer.status} ${answer.text}`).toBe(true);
};

/** Nothing of it starts a run. */
const startsNothing = async (attack: () => Promise<void>): Promise<void> => {
  const before = await countRuns(platform.http);
  await attack();
  expect(await countRuns(platform.http)).toBe(before);
};

test('A1: only health and the description of the routes are open', async () => {
  expect(routes.length).toBeGreaterThan(40);
  const open: string[] = [];
  for (const { method, path } of routes) {
    if (!isRefusal(method, path, await call({ method, path }))) open.push(`${method} ${path}`);
  }
  expect(open.sort()).toEqual(OPEN);
});

test.each<[string, Readonly<Record<string, string>>]>([
  ['no token', {}],
  ['a wrong token', { authorization: 'Bearer wrong' }],
  ['an empty token', { authorization: 'Bearer ' }],
  ['another scheme', { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }],
  ['a token of null', { authorization: 'Bearer null' }],
  ['a cookie that names nobody', { cookie: 'token=undefined' }],
])('A1: %s opens no route', async (_name, headers) => {
  await startsNothing(async () => {
    await Promise.all(routes.filter(isGuarded).map(({ method, path }) => isRefused({ method, path, headers })));
  });
});

/** Other ways to write an address, by which a check of its text is fooled. */
const disguises = (path: string): readonly string[] => [
  `${path}/`,
  `/${path}`,
  `${path}//`,
  `${path};x`,
  `${path}%2e`,
  `${path}%2f`,
  `${path}/configs`,
  `${path}?x=/health`,
  `/.${path}`,
  `/health/..${path}`,
  `/health/%2e%2e${path}`,
  `/openapi.json/..${path}`,
  path.toUpperCase(),
  path.replace(/\/(\w)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`),
];

test('A1: neither does another way to write an address', async () => {
  const guarded = routes.filter(({ method, isPublic }) => !isPublic && !isHandshake(method));
  await startsNothing(async () => {
    for (const { method, path } of guarded) {
      await Promise.all(
        disguises(path).map(async (disguise) => {
          const answer = await call({ method, path: disguise, headers: { 'x-workflow-client': 'x' } });
          const isSafe = isRefusal(method, path, answer) || isRefusal(method, disguise, answer);
          expect(isSafe, `${method} ${disguise}: ${answer.status}`).toBe(true);
        }),
      );
    }
  });
});

test('A1: neither does another method', async () => {
  const paths = [...new Set(routes.filter(isGuarded).map(({ path }) => path))];
  await startsNothing(async () => {
    for (const path of paths) {
      const methods = ['HEAD', 'OPTIONS', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'];
      await Promise.all(methods.map((method) => isRefused({ method, path })));
    }
  });
});

test('A1: a token of another kind opens only what is for it', async () => {
  const reader = await makeToken(platform.http, 'read');
  const elsewhere = await makeToken(platform.http, 'run:nothing/here');
  await startsNothing(async () => {
    for (const { method, path } of routes.filter(isGuarded)) {
      if (method === 'GET' || isHandshake(method)) continue;
      for (const token of [reader, elsewhere]) {
        const headers = {
          authorization: `Bearer ${token}`,
          'x-workflow-client': 'x',
          'content-type': 'application/json',
        };
        const { status, text } = await call({ method, path, headers, body: '{}' });
        expect(status >= 400 && status < 500, `${method} ${path}: ${status} ${text}`).toBe(true);
      }
    }
  });
});

test('A2: streams, logs and traces of a run are shown to nobody without a token', async () => {
  const live = routes.filter(({ path }) => path.includes(runId));
  expect(live.map(({ path }) => path)).toEqual(
    expect.arrayContaining([`/runs/${runId}/events`, `/runs/${runId}/logs`]),
  );
  const asks = [
    { accept: 'text/event-stream' },
    { accept: 'text/event-stream', 'last-event-id': '1.0-0-0' },
    { accept: 'text/plain', connection: 'upgrade', upgrade: 'websocket' },
    { accept: '*/*', 'x-forwarded-for': '127.0.0.1', 'x-original-url': '/health', 'x-rewrite-url': '/health' },
  ];
  for (const route of live) {
    for (const headers of asks) {
      const { method, path } = route;
      const { status, text, headers: answered } = await call({ method, path, headers });
      expect(status >= 400 || isHandshake(method), `${method} ${path}: ${status}`).toBe(true);
      expect(String(answered['content-type'])).not.toContain('event-stream');
      expect(text).not.toContain('done');
    }
  }
});
