import { type World } from './world.ts';

/** Seconds that a synchronous caller waits at most, and that a stream lasts: longer than a ping takes, and than a busy machine. */
export const WAIT_MAX_S = 17;

/** For `millrace.toml`, with room for the runs that stay until then. */
export const PATIENCE_CONFIG = `
[server]
max_concurrent_runs = 8

[dialects.sink]
listen = 0
wait = ${WAIT_MAX_S}

[dialects.endpoints]
wait = ${WAIT_MAX_S}

[dialects.windmill]
timeout_wait_result = ${WAIT_MAX_S}
timeout_sse_stream = ${WAIT_MAX_S}
include_headers = ["X-Of-All-Jobs"]
`;

/** Workflows that are waited for in vain: beside the others of a world. */
export const PATIENCE_WORKFLOWS: Readonly<Record<string, string>> = {
  'shop/waited.sh': '#!/bin/sh\nsleep 60\n',
  'shop/waited.yaml':
    'triggers: [{ dialect: sink, app_id: app, path: /waited, auth_token: null }, { dialect: endpoints, public_endpoint: true }]\n',
  'shop/quiet.sh': '#!/bin/sh\nsleep 3\n',
  'shop/quiet.yaml': 'triggers: [{ dialect: sink, app_id: app, path: /quiet, auth_token: null }]\n',
  'shop/followed.sh': '#!/bin/sh\nsleep 60\n',
};

type Told = Awaited<ReturnType<World['call']>>;

/** Calls that wait until they may not any longer, synchronous ones and a stream; and a stream of a run that is silent for a while. */
interface Patience {
  readonly windmill: Promise<Told>;
  readonly followed: Promise<Told>;
  readonly sink: Promise<Told>;
  readonly quiet: Promise<Told>;
  readonly endpoints: Promise<Told>;
}

const begun = new WeakMap<World, Patience>();

const begin = (world: World): Patience => {
  const jobs = '/api/w/demo/jobs';
  const calls = {
    windmill: world.call(`${jobs}/run_wait_result/p/shop/waited`, { body: {} }),
    followed: world.call(`${jobs}/run_and_stream/p/shop/followed`, { body: {} }),
    sink: world.call('/sink/trigger/http/app/waited', { body: {}, headers: { accept: 'application/json' } }),
    quiet: world.call('/sink/trigger/http/app/quiet', { token: null, body: {} }),
    endpoints: world.call('/api/endpoints/waited', { token: null, body: {} }),
  };
  for (const call of Object.values(calls)) call.catch(() => undefined); // said where it is awaited
  begun.set(world, calls);
  return calls;
};

/** Those of this world; begun once, before what else it does, so that nobody waits for them. */
export const patience = (world: World): Patience => begun.get(world) ?? begin(world);
