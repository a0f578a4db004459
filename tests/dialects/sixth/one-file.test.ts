/** A dialect is one file, and adding a sixth touches no other: a copy of the product with one file more speaks it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServeProcess, startServeOf } from '../serve-process.ts';
import { addDialect, copyProduct } from './copy-product.ts';

const KEY = 'the-key-of-the-front-door';
const ELM = '/ring/elm-1/front';
const run = promisify(execFile);

const FILES = {
  'millrace.toml': '[dialects.doorbell]\nword = "DING"\n',
  'workflows/house/bell.sh': '#!/bin/sh\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n',
  'workflows/house/bell.yaml': `
triggers:
  - { dialect: doorbell, house: elm-1, button: front, key: ${KEY}, when: 'body != "visitor: nobody"' }
`,
};

let server: ServeProcess;
beforeAll(async () => {
  const product = copyProduct();
  addDialect(product, join(import.meta.dirname, 'doorbell.ts'));
  server = await startServeOf(product, FILES, '--port', '0');
});
afterAll(() => server.stop());

const call = async (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string) => {
  const response = await fetch(`${server.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  return { status: response.status, allow: response.headers.get('allow'), text: await response.text() };
};

const ring = (body: string, path = ELM, key = KEY) => call('POST', path, { 'x-doorbell-key': key }, body);
const withToken = () => ({ authorization: `Bearer ${server.token}` });

test('it starts a run as its protocol says, with its setting, its key and its condition', async () => {
  const { status, text } = await ring('visitor: Ada\nfor: Grace: again\n');
  expect([status, text]).toEqual([200, expect.stringMatching(/^DING [0-9a-f-]{36}\n$/)]);
  const runId = text.slice('DING '.length).trim();
  await eventually(async () =>
    expect((await call('GET', `/rung/${runId}`, withToken())).text).toBe(
      'completed {"visitor":"Ada","for":"Grace: again"}\n',
    ),
  );
  expect(await ring('visitor: nobody')).toMatchObject({ status: 200, text: 'NOBODY IS IN\n' });
});

test.each([
  ['a wrong key', () => ring('', ELM, 'another'), 401, 'NO auth.unauthorized\n'],
  ['an address of nothing', () => ring('', '/ring/elm-1/back'), 404, 'NO trigger.not_found\n'],
  ['a body that it cannot read', () => ring('no colon'), 400, 'NO body.invalid\n'],
  ['a run of nobody', () => call('GET', '/rung/none', withToken()), 404, 'NO run.not_found\n'],
  ['a run for strangers', () => call('GET', '/rung/none'), 401, 'NO auth.unauthorized\n'],
] as const)('%s is refused in its words', async (_name, ask, status, text) => {
  expect(await ask()).toMatchObject({ status, text });
});

test.each(['GET', 'HEAD', 'PUT'])('%s starts nothing, and is told what does', async (method) => {
  expect(await call(method, ELM, { 'x-doorbell-key': KEY })).toMatchObject({ status: 405, allow: 'POST' });
});

test('OpenAPI has its routes', async () => {
  const { paths } = JSON.parse((await call('GET', '/openapi.json', withToken())).text) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  };
  expect(paths['/ring/{house}/{button}']?.['post']).toMatchObject({ operationId: 'ringDoorbell', tags: ['doorbell'] });
  expect(paths['/rung/{id}']?.['get']).toMatchObject({ operationId: 'readDoorbell' });
});

test('trigger list has its trigger, and the line of trigger curl rings', async () => {
  expect((await server.command('trigger', 'list')).stdout).toMatch(/house\/bell +doorbell +doorbell +elm-1 front/);
  const { stdout } = await server.command('trigger', 'curl', 'house/bell');
  const line = stdout.split('\n').find((one) => one.includes(ELM)) ?? 'false';
  expect((await run('sh', ['-c', line], { env: { ...process.env, MILLRACE_KEY: KEY } })).stdout).toMatch(/^DING /);
});
