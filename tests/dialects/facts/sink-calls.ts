import { type Request, type World } from '../world.ts';

export const SINK = '/sink/trigger/http/facts';
export const JSON_BACK = { accept: 'application/json' };
export const TEN_MIB = 10 * 1_048_576;

/** As strangers call, and with JSON as the answer. */
export const call = (world: World, path: string, request: Request = {}) =>
  world.call(path, { token: null, ...request, headers: { ...JSON_BACK, ...request.headers } });

/** The input of a run that answers with it. */
export const echoed = async (world: World, request: Request, query = ''): Promise<unknown> =>
  (await call(world, `${SINK}/open?${query}`, request)).json as unknown;

/** On the second port, where the desktop application of the protocol is. */
export const desktop = async ({ platform }: World, path: string, init: RequestInit = {}) => {
  const port = platform.platform.listeners()['sink'] ?? 0;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return [response.status, await response.text()] as const;
};

export const refusal = async (world: World, path: string, request: Request = {}) => {
  const { status, json } = await call(world, path, request);
  return [status, json as unknown];
};

/** Names and data of the events of a text. */
export const eventsOf = (text: string) =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [, name = '', data = ''] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
      return { name, data: JSON.parse(data) as Readonly<Record<string, unknown>> };
    });
