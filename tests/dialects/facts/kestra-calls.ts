import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { type Request, type World } from '../world.ts';

export const WEBHOOKS = '/api/v1/executions/webhook';
export const ECHO = `${WEBHOOKS}/shop/echo/${KEYS.async}`;
export const NO_RUN = '01a1fe04-148e-7730-95d0-3c1cf9210df0';

export interface Execution {
  readonly id: string;
  readonly state: { readonly current: string; readonly histories: readonly { readonly state: string }[] };
  readonly trigger: { readonly variables: Readonly<Record<string, unknown>> };
}

/** As strangers call: the key is in the address. */
export const hook = (world: World, path: string, request: Request = {}) =>
  world.call(path, { token: null, body: {}, ...request });

export const execution = async (world: World, path: string, request: Request = {}): Promise<Execution> =>
  (await hook(world, path, request)).json as Execution;

export const polled = async ({ call }: World, id: string): Promise<Execution> =>
  (await call(`/api/v1/executions/${id}`, { method: 'GET' })).json as Execution;

export const reaches = (world: World, id: string, state: string): Promise<void> =>
  eventually(async () => expect((await polled(world, id)).state.current).toBe(state), { timeoutMs: 20_000 });

export const kill = async (world: World, ...ids: readonly string[]): Promise<void> => {
  for (const id of ids) await world.call(`/api/v1/executions/${id}/kill`, { method: 'DELETE' });
  for (const id of ids) await world.ended(id);
};

/** Status and message of a refusal. */
export const refusal = async (world: World, path: string, request: Request = {}) => {
  const { status, json } = await hook(world, path, request);
  return [status, (json as { readonly message?: string } | undefined)?.message];
};
