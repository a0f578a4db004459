import { expect } from 'vitest';
import { type Request, type World } from '../world.ts';

export const JOBS = '/api/w/demo/jobs';
export const ECHO = 'shop/echo';
export const SYNC = `${JOBS}/run_wait_result/p/${ECHO}`;
export const ASYNC = `${JOBS}/run/p/${ECHO}`;
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const base64 = (value: unknown): string => encodeURIComponent(btoa(JSON.stringify(value)));

export const get = (world: World, path: string, request: Request = {}) =>
  world.call(path, { method: 'GET', ...request });

/** The result that a script returns, as it is answered. */
export const answered = (world: World, body: unknown) => world.call(SYNC, { body });

/** Status and text of a refusal. */
export const refusal = async (world: World, path: string, request: Request = {}) => {
  const { status, headers, text } = await world.call(path, request);
  expect(headers.get('content-type')).toContain('text/plain');
  return [status, text];
};

export const started = async (world: World, path = ASYNC, body: unknown = {}): Promise<string> =>
  (await world.call(path, { body })).text;

/** One of its versions: as `h/` has it, and as `fv/` does. */
export const versionsOf = async (world: World) => {
  const { json } = await get(world, `/workflows/${ECHO}`);
  const hash = (json as { readonly version: string }).version.slice(0, 16);
  return { hash, number: BigInt(`0x${hash}`).toString() };
};

/** What is in the `data:` lines; there are no others. */
export const dataOf = (text: string): readonly Readonly<Record<string, unknown>>[] => {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
  expect(lines.filter((line) => !line.startsWith('data: '))).toEqual([]);
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Readonly<Record<string, unknown>>);
};

export const typed = (type: string, body: string): Request => ({ body, headers: { 'content-type': type } });
