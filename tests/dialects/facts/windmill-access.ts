import { once } from 'node:events';
import { request } from 'node:http';
import { expect } from 'vitest';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { JOBS, ECHO, ASYNC, get, refusal, started, versionsOf } from './windmill-calls.ts';

const DEEP = 'f/shop/deep';

const statusWith = async (world: World, scope: string, path = ECHO): Promise<number> =>
  (await world.call(`${JOBS}/run/p/${path}`, { token: await world.token(scope), body: {} })).status;

/** Whether a token with this scope can be made. */
const isScope = async ({ call }: World, scope: string): Promise<boolean> =>
  (await call('/tokens', { body: { scopes: [scope] } })).status === 201;

/** Of a request with this token from an address of its own: failures there are nobody else’s. */
const statusFromAfar = async ({ platform }: World, token: string): Promise<number | undefined> => {
  const { hostname, port } = new URL(platform.url);
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ hostname, port, path: '/tasks', headers, localAddress: '127.0.0.77', agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [{ readonly statusCode?: number; resume: () => void }];
  answer.resume();
  return answer.statusCode;
};

export const WINDMILL_ACCESS: readonly Fact[] = [
  {
    shows: ['1.2/where', '1.3/token'],
    says: 'header, else cookie, else query: the first that is there counts',
    show: async (world) => {
      const good = await world.token(`run:${ECHO}`);
      const statusOf = async (headers: Readonly<Record<string, string>>, query = '') =>
        (await world.call(`${ASYNC}?${query}`, { token: null, body: {}, headers })).status;
      const cookie = { cookie: `token=${good}` };
      expect(await statusOf(cookie)).toBe(201);
      expect(await statusOf({}, `token=${good}`)).toBe(201);
      expect(await statusOf({ ...cookie, authorization: 'Bearer wrong' })).toBe(401);
      expect(await statusOf({ cookie: 'token=wrong' }, `token=${good}`)).toBe(401);
      // `bearer` is none: the cookie is next.
      expect(await statusOf({ ...cookie, authorization: 'bearer wrong' })).toBe(201);
    },
  },
  {
    shows: ['1.2/scope-paths'],
    says: 'scopes: jobs:run:scripts:<path>, several paths, /* at the end',
    show: async (world) => {
      for (const paths of [ECHO, `shop/fail,${ECHO}`, 'shop/*'])
        expect([paths, await statusWith(world, `jobs:run:scripts:${paths}`)]).toEqual([paths, 201]);
      expect(await statusWith(world, 'jobs:run:scripts:shop/fail')).toBe(404);
    },
  },
  {
    shows: ['1.2/poll'],
    says: 'whoever may run may read what was run',
    show: async (world) => {
      const token = await world.token(`jobs:run:scripts:${ECHO}`);
      const { text: id } = await world.call(ASYNC, { token, body: {} });
      await world.ended(id);
      for (const what of ['get', 'getupdate', 'completed/get_result'])
        expect([what, (await get(world, `${JOBS}_u/${what}/${id}`, { token })).status]).toEqual([what, 200]);
    },
  },
  {
    shows: ['1.1/error-403', '1.2/check-order'],
    says: '403 says `Permission denied: …` for what a token may do nowhere; a workflow that it does not fit is 404 here',
    show: async (world) => {
      const denied = [403, expect.stringMatching(/^Permission denied: .+$/)];
      const inQuery = `${ASYNC}?token=${world.platform.token}`;
      expect(await refusal(world, inQuery, { token: null, body: {} })).toEqual(denied);
      const token = await world.token(`jobs:run:scripts:${ECHO}`);
      const { text: id } = await world.call(ASYNC, { token, body: {} });
      expect(await refusal(world, `${JOBS}_u/queue/cancel/${id}`, { token, body: {} })).toEqual(denied);
      expect(await refusal(world, ASYNC, { token: await world.token('read'), body: {} })).toEqual(denied);
      const other = { token: await world.token('run:shop/fail'), body: {} };
      expect(await refusal(world, ASYNC, other)).toEqual([404, `Not found: script not found at name ${ECHO}`]);
    },
  },
  {
    shows: ['1.1/jobs_u'],
    says: 'jobs_u wants a token here',
    show: async (world) => {
      const id = await started(world);
      expect(await refusal(world, `${JOBS}_u/get/${id}`, { method: 'GET', token: null })).toEqual([
        401,
        'Unauthorized',
      ]);
    },
  },
  {
    shows: ['1.2/workspace', '1.2/kinds'],
    says: 'a token opens every workspace; a JWT is no token',
    show: async (world) => {
      const call = (workspace: string, token: string) =>
        world.call(`/api/w/${workspace}/jobs/run/p/${ECHO}`, { token, body: {} });
      expect((await call('another', await world.token('run'))).status).toBe(201);
      for (const token of ['jwt_e30.e30.e30', 'jwt_ext_e30.e30.e30'])
        expect((await call('demo', token)).status).toBe(401);
    },
  },
  {
    shows: ['1.2/scopes', '1.2/scope-tags'],
    says: 'jobs:run, and those of all scripts or flows; `*` and entries that restrict nothing are no scopes',
    show: async (world) => {
      for (const scope of ['jobs:run', 'jobs:run:scripts', 'jobs:run:flows', `jobs:run:flows:${ECHO}`])
        expect([scope, await statusWith(world, scope)]).toEqual([scope, 201]);
      for (const scope of ['*', 'if_jobs:filter_tags:a'])
        expect([scope, await isScope(world, scope)]).toEqual([scope, false]);
    },
  },
  {
    shows: ['1.2/scope-legacy'],
    says: 'run:script/<path> and run:flow/<path> of old are kept in the newer words',
    show: async (world) => {
      for (const [old, newer] of [
        [`run:script/${DEEP}`, `jobs:run:scripts:${DEEP}`],
        [`run:flow/${DEEP}`, `jobs:run:flows:${DEEP}`],
      ] as const) {
        const { json } = await world.call('/tokens', { body: { scopes: [old] } });
        const { token, scopes } = json as { readonly token: string; readonly scopes: unknown };
        expect(scopes).toEqual([newer]);
        const statusOf = async (path: string) =>
          (await world.call(`${JOBS}/run/p/${path}`, { token, body: {} })).status;
        expect([await statusOf(DEEP), await statusOf(ECHO)]).toEqual([201, 404]);
      }
    },
  },
  {
    shows: ['1.2/by-hash'],
    says: 'by hash the scope is compared with the path',
    show: async (world) => {
      const { hash } = await versionsOf(world);
      const statusOf = async (scope: string) =>
        (await world.call(`${JOBS}/run/h/${hash}`, { token: await world.token(scope), body: {} })).status;
      expect(await statusOf(`jobs:run:scripts:${ECHO}`)).toBe(201);
      expect(await statusOf('jobs:run:scripts:shop/fail')).toBe(404);
    },
  },
  {
    shows: ['1.2/label'],
    says: 'a job is created by the id of its token here',
    show: async (world) => {
      const { json } = await world.call('/tokens', { body: { label: 'webhook-facts', scopes: ['run'] } });
      const { id: by, token } = json as { readonly id: string; readonly token: string };
      const { text: id } = await world.call(ASYNC, { token, body: {} });
      expect((await get(world, `${JOBS}_u/get/${id}`)).json).toMatchObject({ created_by: by });
    },
  },
  {
    shows: ['1.2/brake'],
    says: 'whoever guesses is 429 here; whoever has a token at the same address is not',
    show: async (world) => {
      const guesses: (number | undefined)[] = [];
      while (guesses.length < 150 && guesses.at(-1) !== 429) guesses.push(await statusFromAfar(world, 'a-guess'));
      expect(new Set(guesses)).toEqual(new Set([401, 429]));
      expect(await statusFromAfar(world, world.platform.token)).toBe(200);
    },
  },
];
