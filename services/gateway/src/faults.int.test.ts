import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findNatsServer, type RunningNats, startNats } from '@millrace/embedded';
import { aRunId, claimDatabase, claimNats, eventually, makeTempFolder } from '@millrace/testkit';
import { portOf } from './port-of.ts';
import { headersOf, startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

/** Nothing listens there. */
const NO_POSTGRES = 'postgres://nobody:nothing@127.0.0.1:1/none';

const deployed = async (gateway: TestGateway): Promise<TestGateway> => {
  await gateway.deploy('tests/mine');
  await eventually(() => expect(gateway.catalog.entries().size).toBe(1));
  return gateway;
};
const listen = async ({ app }: TestGateway): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return portOf(app.server);
};
const START = { method: 'POST', url: '/run/tests/mine' } as const;

describe('with Postgres away', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await deployed(await startTestGateway({ natsUrl: claimNats().url, databaseUrl: NO_POSTGRES }));
  });
  afterAll(() => gateway.close());

  test('requests are accepted, and their state is 503 with Retry-After, never 404', async () => {
    const accepted = await gateway.call(START);
    expect(accepted.statusCode).toBe(202);
    const { run_id: runId } = accepted.json<{ run_id: string }>();
    for (const url of [`/status/${runId}`, `/runs/${runId}`, `/status/${aRunId()}`, '/runs', `/runs/${runId}/events`]) {
      const response = await gateway.call({ url });
      expect([url, response.statusCode, response.json()]).toMatchObject([url, 503, { code: 'read_model.unavailable' }]);
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  test('a caller that waits gets 202 with Location', async () => {
    const response = await gateway.call({ ...START, url: `${START.url}?wait=0.5` });
    expect([response.statusCode, response.headers.location]).toEqual([202, expect.stringMatching(/^\/runs\//)]);
  });

  test('health is degraded and still 200', async () => {
    const response = await gateway.app.inject('/health');
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      { status: 'degraded', dependencies: { nats: { ok: true }, postgres: { ok: false } } },
    ]);
  });
});

describe('with NATS away', () => {
  let nats: RunningNats;
  let gateway: TestGateway;
  beforeEach(async () => {
    const { path: binary } = await findNatsServer();
    nats = await startNats({ dataDir: makeTempFolder('nats'), durability: 'strict', binary });
    gateway = await deployed(await startTestGateway({ natsUrl: nats.url, databaseUrl: NO_POSTGRES }));
  });
  afterEach(async () => {
    await gateway.close();
    await nats.stop();
  });

  test('requests are refused with 503 and Retry-After within three seconds, never 202', async () => {
    expect((await gateway.call(START)).statusCode).toBe(202);
    nats.kill();
    await nats.exited;
    for (const headers of [{}, { 'idempotency-key': 'k' }]) {
      const began = performance.now();
      const response = await gateway.call({ ...START, headers });
      expect([response.statusCode, Number(response.headers['retry-after']) > 0]).toEqual([503, true]);
      expect(performance.now() - began).toBeLessThan(3_000);
    }
    await eventually(async () => {
      const health = await gateway.app.inject('/health');
      expect([health.statusCode, health.json()]).toMatchObject([503, { status: 'unavailable' }]);
    });
  });
});

describe('over a socket', () => {
  let gateway: TestGateway;
  let port: number;
  beforeAll(async () => {
    gateway = await deployed(
      await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url }),
    );
    port = await listen(gateway);
  });
  afterAll(() => gateway.close());

  /** What the server says to these bytes until it closes the connection. */
  const say = async (...parts: readonly string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    for (const part of parts) socket.write(part);
    await once(socket, 'close');
    return answer;
  };
  const head = (line: string, headers: Record<string, string> = {}): string => {
    const all = { host: '127.0.0.1', connection: 'close', ...headersOf('admin'), ...headers };
    return `${line} HTTP/1.1\r\n${Object.entries(all)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\r\n')}\r\n\r\n`;
  };
  const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

  test('a body that is declared too long is answered 413, whether it is sent or not', async () => {
    const declared = head('POST /run/tests/mine', { 'content-length': '1048577' });
    expect(statusOf(await say(declared))).toBe(413);
    expect(statusOf(await say(declared, ' '.repeat(1_048_577)))).toBe(413);
  });

  test('a body that turns out too long is answered 413, and the caller gets the answer', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/run/tests/mine`, {
      method: 'POST',
      headers: headersOf('admin'),
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 40; i += 1) controller.enqueue(new TextEncoder().encode(' '.repeat(65_536)));
          controller.close();
        },
      }),
      duplex: 'half',
    });
    expect([response.status, await response.json()]).toEqual([
      413,
      { error: 'request body too large', max_bytes: 1_048_576 },
    ]);
  });

  test.each([
    ['/run/../tests/mine', 404],
    ['/run/tests/../tests/mine', 404],
    ['//run/tests/mine', 404],
    ['/run/tests\\mine', 404],
    ['/status/../health', 404],
  ])('POST %s is %i', async (path, status) => {
    expect(statusOf(await say(head(`POST ${path}`)))).toBe(status);
  });

  test.each([
    ['two lengths', { 'content-length': '2\r\ncontent-length: 3' }],
    ['length and chunks', { 'content-length': '2', 'transfer-encoding': 'chunked' }],
    ['a folded header', { 'x-a': 'b\r\n c' }],
  ])('a request with %s is refused and the connection closed', async (_name, headers) => {
    const answer = await say(head('POST /run/tests/mine', headers), '{}');
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test('headers over 16 KB are refused', async () => {
    expect(statusOf(await say(head('GET /health', { 'x-a': 'a'.repeat(17_000) })))).toBe(431);
  });

  test('our own routes take application/json only', async () => {
    const call = (type: string) =>
      gateway.call({
        method: 'POST',
        url: '/tokens',
        headers: { 'content-type': type },
        payload: '{"scopes":["read"]}',
      });
    expect((await call('application/json')).statusCode).toBe(201);
    expect((await call('application/json; charset=utf-8')).statusCode).toBe(201);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json\ta',
      'application/jsonx',
      'x',
    ]) {
      expect([type, (await call(type)).statusCode]).toEqual([type, 415]);
    }
  });
});

describe('when the gateway ends', () => {
  test('waits are answered 202 with Location, and streams end', async () => {
    const gateway = await deployed(
      await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url }),
    );
    const port = await listen(gateway);
    const waiting = fetch(`http://127.0.0.1:${port}/run/tests/mine?wait=60`, {
      method: 'POST',
      headers: headersOf('admin'),
    });
    await eventually(async () => expect(await gateway.waiters()).toBe(1));
    const began = performance.now();
    await gateway.close();
    const response = await waiting;
    expect([response.status, response.headers.get('location')]).toEqual([202, expect.stringMatching(/^\/runs\//)]);
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
