import { eventually } from '@millrace/testkit';
import { KEYS } from '../workflows.ts';
import { type World } from '../world.ts';

const JOBS = '/api/w/demo/jobs';
const WEBHOOKS = '/api/v1/executions/webhook/shop';
const JSON_BACK = { accept: 'application/json' };

/** The dialects of the five systems. */
export type Dialect = 'serve' | 'windmill' | 'sink' | 'endpoints' | 'kestra';

/** Calls `shop/<name>`, which all of them reach, waits, and gives what it returned. */
export const resultBy: Readonly<Record<Dialect, (world: World, name: string, body?: unknown) => Promise<unknown>>> = {
  serve: async ({ call }, name, body = {}) =>
    (await call(`/run/shop/${name}?wait=20`, { body })).json.output as unknown,
  windmill: async ({ call }, name, body = {}) =>
    (await call(`${JOBS}/run_wait_result/p/shop/${name}`, { body })).json as unknown,
  sink: async ({ call }, name, body = {}) =>
    (await call(`/sink/trigger/http/app/${name}`, { body, headers: JSON_BACK })).json as unknown,
  endpoints: async ({ call }, name, body = {}) => (await call(`/api/endpoints/${name}`, { body })).json as unknown,
  kestra: async ({ call, ended }, name, body = {}) => {
    const { json } = await call(`${WEBHOOKS}/${name}/${KEYS.waits}`, { token: null, body });
    return (await ended(json.id as string))['output'];
  },
};

/** Starts `shop/echo`, and gives the id by which the dialect knows the run. */
export const startBy: Readonly<Record<Dialect, (world: World, body?: unknown) => Promise<string>>> = {
  serve: async ({ call }, body = {}) => (await call('/run/shop/echo', { body })).json.run_id as string,
  windmill: async ({ call }, body = {}) => (await call(`${JOBS}/run/p/shop/echo`, { body })).text,
  sink: async ({ call }, body = {}) =>
    (await call('/sink/trigger/http/app/at-once', { body, headers: JSON_BACK })).json.run_id as string,
  endpoints: async ({ call }, body = {}) =>
    (await call('/api/endpoints/echo', { body })).headers.get('x-execution-id') ?? '',
  kestra: async ({ call }, body = {}) =>
    (await call(`${WEBHOOKS}/echo/${KEYS.async}`, { token: null, body })).json.id as string,
};

/** Where the dialect says how a run is, and what it says of one that has completed. */
export const POLLS: Readonly<Record<Dialect, readonly [path: (id: string) => string, completed: object]>> = {
  serve: [(id) => `/status/${id}`, { status: 'completed' }],
  windmill: [(id) => `${JOBS}_u/get/${id}`, { type: 'CompletedJob', success: true }],
  sink: [(id) => `/api/v1/execution/run/${id}`, { status: 'Completed' }],
  endpoints: [(id) => `/api/executions/${id}`, { status: 'Success' }],
  kestra: [(id) => `/api/v1/executions/${id}`, { state: { current: 'SUCCESS' } }],
};

/** The newest run of a workflow, once it is over. */
export const newestOf = async (world: World, workflow: string): Promise<Readonly<Record<string, unknown>>> => {
  await world.runsOf(workflow); // the list knows all that the log holds
  const { json } = await world.call(`/runs?workflow=${workflow}&limit=1`, { method: 'GET' });
  const [run] = (json as { readonly runs: readonly { readonly run_id: string }[] }).runs;
  return world.ended(run?.run_id ?? '');
};

type Restarted = Readonly<Record<Dialect, string>>;
const restarts = new WeakMap<World, Promise<Restarted>>();

const restart = async (world: World): Promise<Restarted> => {
  const ids = Object.fromEntries(
    await Promise.all(Object.entries(startBy).map(async ([dialect, start]) => [dialect, await start(world, { n: 9 })])),
  ) as Restarted;
  for (const id of Object.values(ids)) await world.ended(id);
  const before = world.platform.pid('gateway');
  await world.platform.kill('gateway');
  await world.platform.untilRestarted('gateway', before);
  await eventually(() => world.call('/health', { method: 'GET' }));
  return ids;
};

/** Runs that each dialect has started before the gateway was killed; it is killed once. */
export const restarted = (world: World): Promise<Restarted> => {
  const known = restarts.get(world) ?? restart(world);
  restarts.set(world, known);
  return known;
};
