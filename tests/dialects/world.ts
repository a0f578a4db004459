import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type HttpCaller, makeTempFolder, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { expect } from 'vitest';
import { type DescribedAnswers, makeDescribedAnswers } from './described-answers.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { KEYS, SECRETS, WORKFLOWS } from './workflows.ts';

type Answer = Awaited<ReturnType<HttpCaller['get']>>;

export interface Request {
  /** Default POST. */
  readonly method?: string;
  /** Sent as JSON; a text or form data as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the admin token; `null` sends none. */
  readonly token?: string | null;
}

/** The running product with workflows that every dialect can start. */
export interface World {
  readonly platform: TestPlatform;
  readonly receiver: Receiver;
  readonly call: (path: string, request?: Request) => Promise<Answer>;
  /** As `call`, with the answer's bytes. */
  readonly bytes: (path: string, request?: Request) => Promise<Uint8Array>;
  /** A token with these scopes. */
  readonly token: (...scopes: readonly string[]) => Promise<string>;
  /** Our own view of a run, once it is over. */
  readonly ended: (runId: string) => Promise<Readonly<Record<string, unknown>>>;
  /** How many runs a workflow has had. */
  readonly runsOf: (workflow: string) => Promise<number>;
  /** What of all that `call` got is described in OpenAPI. */
  readonly described: DescribedAnswers;
}

/** A run id as the server makes them, of no run. */
const NO_RUN = '01a1fe04-148e-7730-95d0-3c1cf9210df0';

const init = (platform: TestPlatform, { method = 'POST', body, headers, token = platform.token }: Request) => ({
  method,
  headers: {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    'x-workflow-client': 'features',
    ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
    ...headers,
  },
  ...(body === undefined
    ? {}
    : { body: typeof body === 'string' || body instanceof FormData ? body : JSON.stringify(body) }),
});

const makeCall =
  (platform: TestPlatform, described: DescribedAnswers): World['call'] =>
  async (path, request = {}) => {
    const sent = init(platform, request);
    const response = await fetch(`${platform.url}${path}`, sent);
    const text = await response.text();
    const contentType = response.headers.get('content-type');
    if (!response.redirected)
      described.check({ method: sent.method, path, status: response.status, contentType, text });
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };

const everythingDeployed = async (call: World['call']): Promise<void> => {
  const { json } = await call('/workflows', { method: 'GET' });
  const { workflows } = json as { readonly workflows: readonly { readonly problem?: unknown }[] };
  expect(workflows.filter(({ problem }) => problem !== undefined)).toEqual([]);
};

export interface RunningWorld extends World {
  readonly stop: () => Promise<void>;
}

export interface WorldOptions {
  /** Files by their paths; default: those of the table. */
  readonly workflows?: Readonly<Record<string, string>>;
  /** Values by name; default: those of the table. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Text of `millrace.toml`. */
  readonly config?: string;
}

const homeWith = (config: string): string => {
  const home = makeTempFolder('world');
  writeFileSync(join(home, 'millrace.toml'), config);
  return home;
};

/** Starts the product, with secrets in place and every workflow deployed. */
export const startWorld = async ({
  workflows = WORKFLOWS,
  secrets = SECRETS,
  config,
}: WorldOptions = {}): Promise<RunningWorld> => {
  const receiver = await startReceiver();
  const platform = await startTestPlatform({
    workflows,
    env: { MILLRACE_NOTIFIER_ALLOW_PRIVATE: '127.0.0.1' },
    ...(config === undefined ? {} : { home: homeWith(config) }),
  });
  const described = makeDescribedAnswers((await platform.http.get('/openapi.json')).json);
  const call = makeCall(platform, described);
  const stop = async (): Promise<void> => {
    await platform.stop();
    await receiver.close();
    expect(described.complaints(), 'answers that OpenAPI describes in another way').toEqual([]);
  };
  try {
    await everythingDeployed(call);
    for (const [name, value] of Object.entries(secrets))
      await call(`/secrets/${name}`, { method: 'PUT', body: { value } });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    platform,
    receiver,
    described,
    call,
    bytes: async (path, request = {}) =>
      new Uint8Array(await (await fetch(`${platform.url}${path}`, init(platform, request))).arrayBuffer()),
    token: async (...scopes) => (await call('/tokens', { body: { label: 'features', scopes } })).json.token as string,
    ended: (runId) =>
      eventually(
        async () => {
          const { json } = await call(`/runs/${runId}`, { method: 'GET' });
          expect(json).toMatchObject({ ended_at: expect.any(String) as string });
          return json as Readonly<Record<string, unknown>>;
        },
        { timeoutMs: 20_000 },
      ),
    runsOf: async (workflow) => {
      // That a run is not there is said only when the read models know all that the log holds.
      await eventually(async () => expect((await call(`/runs/${NO_RUN}`, { method: 'GET' })).status).toBe(404));
      const { json } = await call(`/runs?workflow=${workflow}`, { method: 'GET' });
      return (json as { readonly runs: readonly unknown[] }).runs.length;
    },
  };
};

/** Calls that start `shop/echo`, which answers with its input, and wait. What they give is the input of the run. */
export const echo = {
  serve: async ({ call }: World, request: Request = {}, query = '') =>
    (await call(`/run/shop/echo?wait=20${query}`, request)).json.output as unknown,
  windmill: async ({ call }: World, request: Request = {}, query = '') =>
    (await call(`/api/w/demo/jobs/run_wait_result/p/shop/echo?${query}`, request)).json as unknown,
  sink: async ({ call }: World, request: Request = {}, query = '') =>
    (
      await call(`/sink/trigger/http/app/echo?${query}`, {
        ...request,
        headers: { accept: 'application/json', ...request.headers },
      })
    ).json as unknown,
  endpoints: async ({ call }: World, request: Request = {}, query = '') =>
    (await call(`/api/endpoints/echo?${query}`, request)).json as unknown,
  kestra: async ({ call }: World, request: Request = {}, query = '') =>
    (await call(`/api/v1/executions/webhook/shop/echo/${KEYS.waits}?${query}`, { token: null, ...request })).json
      .trigger.variables as unknown,
  hooks: async ({ call }: World, request: Request = {}, query = '') =>
    (await call(`/hooks/echo?wait=20${query}`, request)).json.output as unknown,
};
