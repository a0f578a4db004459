import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient, type MillraceClient } from './client.ts';
import {
  AuthError,
  ConflictError,
  InvalidRequestError,
  NotFoundError,
  OverLimitError,
  UnavailableError,
  WaitTimeoutError,
} from './errors.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => unknown;

const collect = async <Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> => {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A client and the server it talks to. */
const serving = async (
  handler: Handler,
): Promise<{ readonly client: MillraceClient; readonly requests: IncomingMessage[] }> => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    void handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    client: createClient({ baseUrl: `http://127.0.0.1:${port}`, token: 'mr_a_b', clientName: 'test' }),
    requests,
  };
};

const answer = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

const ACCEPTED = {
  run_id: 'r1',
  status: 'accepted',
  task_ref: 'a/b',
  status_url: '/status/r1',
  events_url: '/runs/r1/events',
};
const COMPLETE = {
  type: 'complete',
  time: '2026-11-21T12:00:00Z',
  attempt: 1,
  run_id: 'r1',
  status: 'completed',
  output: { n: 1 },
};

const sse = (
  response: ServerResponse,
  ...messages: readonly { readonly id: string; readonly [member: string]: unknown }[]
): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { id, ...message } of messages)
    response.write(`id: ${id}\nevent: ${String(message['type'])}\ndata: ${JSON.stringify(message)}\n\n`);
};

describe('start', () => {
  test('sends input, environment, token, name and a key of its own', async () => {
    let body = '';
    const { client, requests } = await serving(async (request, response) => {
      body = await text(request);
      answer(response, 202, ACCEPTED);
    });
    expect(await client.start('f/ops/deploy', { input: { n: 1 }, env: { TARGET: 'x' } })).toEqual(ACCEPTED);
    expect(JSON.parse(body)).toEqual({ input: { n: 1 }, env: { TARGET: 'x' } });
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/run/f/ops/deploy' });
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer mr_a_b',
      'x-workflow-client': 'test',
      'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('repeats after 503 and 429, as late as the server asks, under the same key', async () => {
    const { client, requests } = await serving((_request, response, call) => {
      if (call === 1) answer(response, 503, { code: 'log.unknown_outcome', detail: 'away' }, { 'retry-after': '0.2' });
      else if (call === 2) answer(response, 429, { error: 'too many concurrent runs' }, { 'retry-after': '0' });
      else answer(response, 202, ACCEPTED);
    });
    const started = performance.now();
    await client.start('a/b');
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
    const keys = requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  test("gives up with the server's last word", async () => {
    const { client, requests } = await serving((_request, response) =>
      answer(response, 429, { error: 'too many concurrent runs', max: 4 }, { 'retry-after': '0' }),
    );
    const failure = await client.start('a/b').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OverLimitError);
    expect(failure).toMatchObject({ status: 429, message: 'too many concurrent runs', retryAfterSeconds: 0 });
    expect(requests).toHaveLength(5);
  });

  test('stops waiting for a repetition when it is aborted', async () => {
    const { client } = await serving((_request, response) => answer(response, 503, {}, { 'retry-after': '9' }));
    await expect(client.start('a/b', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('errors', () => {
  test.each([
    [400, InvalidRequestError],
    [401, AuthError],
    [403, AuthError],
    [404, NotFoundError],
    [409, ConflictError],
    [413, InvalidRequestError],
  ])('%i is an error of its own class', async (status, ErrorClass) => {
    const { client } = await serving((_request, response) =>
      answer(response, status, { code: 'area.reason', detail: 'why' }),
    );
    const failure = await client.status('r1').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ErrorClass);
    expect(failure).toMatchObject({ status, code: 'area.reason', message: 'why' });
  });

  test('no server is unavailable', async () => {
    const client = createClient({ baseUrl: 'http://127.0.0.1:1', retriesMax: 0 });
    const failure = await client.health().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect(failure).toMatchObject({ code: 'client.unreachable', message: 'no answer from http://127.0.0.1:1' });
  });

  test('a redirect is not followed: the token is for this server', async () => {
    const { client, requests } = await serving((_request, response) =>
      response.writeHead(307, { location: '/other' }).end(),
    );
    await expect(client.tokens.create({ scopes: ['read'] })).rejects.toBeInstanceOf(UnavailableError);
    expect(requests).toHaveLength(1);
  });
});

describe('execute', () => {
  test('gives the result of a run that ends while the request is held', async () => {
    const { client, requests } = await serving((_request, response) =>
      answer(response, 200, { run_id: 'r1', status: 'completed', output: 7 }),
    );
    expect(await client.execute('a/b')).toEqual({ run_id: 'r1', status: 'completed', output: 7 });
    expect(requests[0]?.url).toBe('/run/a/b?wait=60');
  });

  test('gives the result of a failed run', async () => {
    const failed = {
      run_id: 'r1',
      status: 'failed',
      code: 'run.failed',
      error: { code: 'exit_code', message: 'exit code 3' },
    };
    const { client } = await serving((_request, response) => answer(response, 422, failed));
    expect(await client.execute('a/b')).toMatchObject({ status: 'failed', error: { code: 'exit_code' } });
  });

  test('follows the events of a run that takes longer', async () => {
    const { client } = await serving((request, response) => {
      if (request.method === 'POST') answer(response, 202, ACCEPTED);
      else sse(response, { id: '1', ...COMPLETE });
    });
    expect(await client.execute('a/b')).toEqual({ run_id: 'r1', status: 'completed', output: { n: 1 } });
  });

  test('says which run goes on when time is up', async () => {
    const { client } = await serving((request, response) => {
      if (request.method === 'POST') answer(response, 202, ACCEPTED);
      else sse(response);
    });
    const failure = await client.execute('a/b', { timeoutMs: 300 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WaitTimeoutError);
    expect(failure).toMatchObject({ runId: 'r1' });
  });
});

describe('events', () => {
  test('continues behind the last message after a broken connection', async () => {
    const { client, requests } = await serving((_request, response, call) => {
      if (call === 1) {
        sse(response, { id: '1-0-0', type: 'state', state: 'running', attempt: 1, time: 't' });
        setTimeout(() => response.destroy(), 20);
      } else if (call === 2) answer(response, 503, {}, { 'retry-after': '0' });
      else sse(response, { id: '2-0-0', ...COMPLETE });
    });
    const followed = await collect(client.events('r1'));
    expect(followed.map(({ id, message }) => [id, message.type])).toEqual([
      ['1-0-0', 'state'],
      ['2-0-0', 'complete'],
    ]);
    expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1-0-0', '1-0-0']);
  });

  test('ends with an error for a run that is not there', async () => {
    const { client } = await serving((_request, response) => answer(response, 404, { error: 'run not found' }));
    await expect(collect(client.events('r1'))).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe('logs', () => {
  test('reads all pages', async () => {
    const line = (n: number) => ({ attempt: 1, stream: 'stdout', time: 't', text: String(n) });
    const { client } = await serving((request, response) => {
      if (request.url === '/runs/r1/logs') answer(response, 200, { lines: [line(1), line(2)], next_after: 'c1' });
      else if (request.url === '/runs/r1/logs?after=c1') answer(response, 200, { lines: [line(3)], next_after: 'c2' });
      else answer(response, 200, { lines: [], next_after: 'c2' });
    });
    expect((await collect(client.logs('r1'))).map(({ text: written }) => written)).toEqual(['1', '2', '3']);
  });
});
