/** What is wrong with a body or an address is said in the form of every dialect, and nothing is started or kept. */
import { type Trigger } from '@millrace/contracts';
import { logBounds, streamFills } from '@millrace/eventlog';
import { sha256Hex } from '@millrace/runtime';
import { claimDatabase, claimNats, eventually, triggerOf } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastEvent } from '../../testing/play-executor.ts';
import { startTestGateway, type TestGateway, TOKENS } from '../../testing/start-test-gateway.ts';

const WORKFLOW = 'team/flow';
const KEY = '4wjtkzwVGBM9yKnjm3yv8r';

const declared = (dialect: string, rest: Partial<Trigger>): Trigger =>
  triggerOf({ id: dialect, dialect, auth: 'public', methods: ['POST'], mode: 'async', ...rest });

const TRIGGERS: readonly Trigger[] = [
  declared('hooks', { address: { path: '/in' } }),
  declared('sink', { address: { app_id: 'app', path: '/in' } }),
  declared('kestra', { address: {}, auth: 'path_key', keys: [{ sha256: sha256Hex(KEY) }] }),
  declared('endpoints', { address: {} }),
];

/** Where the workflow is started, by dialect. */
const ADDRESSES = {
  hooks: '/hooks/in',
  sink: '/sink/trigger/http/app/in',
  kestra: `/api/v1/executions/webhook/team/flow/${KEY}`,
  windmill: `/api/w/demo/jobs/run/p/${WORKFLOW}`,
  endpoints: `/api/endpoints/${WORKFLOW}`,
} as const;
type Name = keyof typeof ADDRESSES;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url });
  await gateway.deploy(WORKFLOW, { triggers: [...TRIGGERS] });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(1));
});
afterAll(() => gateway.close());

const send = (dialect: Name, type: string | undefined, body: string | Buffer) =>
  gateway.app.inject({
    method: 'POST',
    url: ADDRESSES[dialect],
    headers: {
      host: 'gateway.test',
      ...(dialect === 'windmill' ? { authorization: `Bearer ${TOKENS.admin}` } : {}),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    payload: Buffer.from(body),
  });

const inputOf = async (): Promise<unknown> => {
  const event = await lastEvent(gateway);
  return event?.type === 'dev.millrace.run.requested.v1' ? event.data.input : undefined;
};

const logEnd = async (): Promise<number> => (await logBounds(gateway.connection, 0)).last;
/** Grows with every file that is kept. */
const filesEnd = async (): Promise<number> =>
  (await streamFills(gateway.connection)).find(({ stream }) => stream === 'OBJ_files')?.lastSequence ?? 0;

/** Nothing is started and no file is kept while this is done. */
const leavingNothing = async <Told>(act: () => Promise<Told>): Promise<Told> => {
  const before = [await logEnd(), await filesEnd()];
  const told = await act();
  expect([await logEnd(), await filesEnd()]).toEqual(before);
  return told;
};

const MULTIPART = 'multipart/form-data; boundary=zz';
const part = (disposition: string, text = 'x'): string =>
  `--zz\r\nContent-Disposition: form-data${disposition}\r\n\r\n${text}\r\n`;
const multipart = (...parts: readonly string[]): string => `${parts.join('')}--zz--\r\n`;

describe('F3: a part without a name', () => {
  const SAYS = 'part 2 of the multipart body has no name';
  test.each<[Name, unknown]>([
    ['hooks', { code: 'body.invalid_multipart', status: 400, detail: SAYS }],
    ['sink', { error: { code: 'BAD_REQUEST', message: SAYS } }],
    ['kestra', { message: `Bad Request: ${SAYS}` }],
    ['windmill', `Bad request: ${SAYS}`],
  ])('of a field or a file is 400 in the form of %s', async (dialect, shape) => {
    for (const nameless of [part(''), part('; filename="a.txt"')]) {
      const body = multipart(part('; name="doc"; filename="kept.txt"'), nameless);
      const answer = await leavingNothing(() => send(dialect, MULTIPART, body));
      expect(answer.statusCode).toBe(400);
      const told: unknown = dialect === 'windmill' ? answer.body : answer.json();
      if (typeof shape === 'string') expect(told).toBe(shape);
      else expect(told).toMatchObject(shape as object);
    }
  });
});

describe('F4: files of the same name are a list, as fields of the same name are', () => {
  const body = multipart(
    part('; name="f"; filename="one"', '1'),
    part('; name="f"; filename="two"', '22'),
    part('; name="g"; filename="three"', '333'),
    part('; name="l[]"; filename="four"', '4444'),
    part('; name="n"', 'a'),
    part('; name="n"; filename="five"', '55555'),
  );
  const named = (filename: string, size: number) => expect.objectContaining({ filename, size }) as unknown;

  test.each<Name>(['hooks', 'sink'])('in %s', async (dialect) => {
    expect((await send(dialect, MULTIPART, body)).statusCode).toBeLessThan(300);
    expect(await inputOf()).toEqual({
      f: [named('one', 1), named('two', 2)],
      g: named('three', 3),
      l: [named('four', 4)],
      n: ['a', named('five', 5)],
    });
  });
});

const BROKEN = Buffer.from('{"a":"\xff"}', 'latin1');

describe('F7b: JSON that is not UTF-8', () => {
  const SAYS = 'the body is read as JSON and is not UTF-8 at byte 6';
  test.each<[Name, number, unknown]>([
    ['hooks', 400, { code: 'body.not_utf8', status: 400, detail: SAYS }],
    ['sink', 400, { error: { code: 'BAD_REQUEST', message: SAYS } }],
    ['kestra', 400, { message: `Bad Request: ${SAYS}` }],
    ['windmill', 400, `Bad request: ${SAYS}`],
    ['endpoints', 422, { detail: SAYS }],
  ])('starts nothing in %s, which says where', async (dialect, status, shape) => {
    const answer = await leavingNothing(() => send(dialect, 'application/json', BROKEN));
    expect(answer.statusCode).toBe(status);
    if (typeof shape === 'string') expect(answer.body).toBe(shape);
    else expect(answer.json()).toMatchObject(shape as object);
  });

  test('is replaced by serve, as its system does', async () => {
    const headers = { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/json' };
    const answer = await gateway.call({ method: 'POST', url: `/run/${WORKFLOW}`, headers, payload: BROKEN });
    expect(answer.statusCode).toBeLessThan(300);
    expect(await inputOf()).toEqual({ a: '\ufffd' });
  });

  test.each<[Name, string | undefined, unknown]>([
    ['hooks', 'application/octet-stream', { body: BROKEN.toString('base64') }],
    ['hooks', undefined, { body: BROKEN.toString('base64') }],
    ['kestra', 'application/octet-stream', { trigger: { body: BROKEN.toString('base64') } }],
    ['kestra', undefined, { trigger: { body: BROKEN.toString('base64') } }],
  ])('is base64 in %s where its type is %s', async (dialect, type, input) => {
    expect((await send(dialect, type, BROKEN)).statusCode).toBeLessThan(300);
    expect(await inputOf()).toMatchObject(input as object);
  });
});

test('F7b: an endpoint gets the exact bytes in raw_body_base64, for who asks for them', async () => {
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x00]);
  expect((await send('endpoints', 'application/octet-stream', bytes)).statusCode).toBeLessThan(300);
  expect(await inputOf()).not.toHaveProperty('raw_body_base64');
  const inputSchema = { type: 'object', properties: { raw_body_base64: { type: 'string' } } };
  await gateway.deploy('team/signed', { inputSchema, triggers: [declared('endpoints', { address: {} })] });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(2));
  const forged = { method: 'POST', url: '/api/endpoints/team/signed?raw_body_base64=forged', payload: bytes } as const;
  expect((await gateway.app.inject({ ...forged, headers: { host: 'gateway.test' } })).statusCode).toBeLessThan(300);
  expect(await inputOf()).toEqual({ raw_body_base64: bytes.toString('base64') });
});

describe('F8c: an address that is no URL path', () => {
  const SAYS = 'the address is not a valid URL path';
  test.each<[string, string, unknown]>([
    ['kestra', '/api/v1/executions/webhook/team/%ff/key', { message: `Bad Request: ${SAYS}`, _links: {} }],
    ['kestra', '/api/v1/main/executions/webhook/team/%ff/key', { message: `Bad Request: ${SAYS}`, _links: {} }],
    ['sink', '/sink/trigger/http/app/%ff', { error: { code: 'BAD_REQUEST', message: SAYS } }],
    ['hooks', '/hooks/%ff', { code: 'http.bad_url', detail: SAYS }],
    ['no dialect', '/%ff', { code: 'http.bad_url', detail: SAYS }],
  ])('is refused in the form of %s: %s', async (_dialect, url, shape) => {
    const answer = await gateway.app.inject({ method: 'POST', url, headers: { host: 'gateway.test' } });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, shape]);
    expect(answer.body).not.toContain('/key');
  });
});
