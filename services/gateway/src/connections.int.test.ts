import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@millrace/testkit';
import { portOf } from './port-of.ts';
import { SERVER_LIMITS } from './server-limits.ts';
import { headersOf, type TestGateway } from '../testing/start-test-gateway.ts';
import { startProjectedGateway } from '../testing/start-projected-gateway.ts';

const LIMITS = {
  headersTimeoutMs: 300,
  requestTimeoutMs: 600,
  connectionsCheckMs: 50,
  connectionsMax: 8,
  sseHeartbeatMs: 50,
};

let gateway: TestGateway & { readonly stop: () => Promise<void> };
let port: number;
beforeAll(async () => {
  gateway = await startProjectedGateway({ limits: LIMITS, workflows: ['tests/mine'] });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  port = portOf(gateway.app.server);
});
afterAll(() => gateway.stop());

const dial = async (): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

const ended = (socket: Socket): Promise<string> => text(socket).catch(() => '');

/** Writes a little now and then. It ends before the limit: what is written to a connection that was cut takes the answer with it. */
const drip = (socket: Socket, piece: string, limitMs: number): void => {
  const timer = setInterval(() => socket.write(piece), limitMs / 10);
  setTimeout(() => clearInterval(timer), limitMs * 0.6);
};

const openStream = async (): Promise<Response> => {
  const response = await gateway.call({ method: 'POST', url: '/run/tests/mine', payload: {} });
  const { run_id: runId } = response.json<{ run_id: string }>();
  return fetch(`http://127.0.0.1:${port}/runs/${runId}/events`, { headers: headersOf('admin') });
};

test('the limits are those that the documentation names', () => {
  expect(SERVER_LIMITS).toMatchObject({
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    connectionsMax: 10_000,
    sseHeartbeatMs: 15_000,
  });
});

describe('A14: a caller that is slow on purpose', () => {
  test('is cut with 408 when its headers do not come to an end', async () => {
    const socket = await dial();
    const answer = ended(socket);
    socket.write('POST /run/tests/mine HTTP/1.1\r\nHost: localhost\r\n');
    drip(socket, 'x-slow: 1\r\n', LIMITS.headersTimeoutMs);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*http\.timeout/);
  });

  test('is cut with 408 when its body does not', async () => {
    const socket = await dial();
    const answer = ended(socket);
    const { authorization = '' } = headersOf('admin');
    socket.write(
      `POST /run/tests/mine HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nX-Workflow-Client: slow\r\nContent-Length: 1000\r\n\r\n{`,
    );
    drip(socket, ' ', LIMITS.requestTimeoutMs);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*http\.timeout/);
  });
});

test('A24: two Host headers are refused, because a proxy may mean the other one', async () => {
  const socket = await dial();
  const answer = ended(socket);
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\nConnection: close\r\n\r\n');
  expect(await answer).toMatch(/^HTTP\/1\.1 400 [^]*http\.ambiguous_host/);
});

test.each([
  [
    'two lengths',
    'POST /run/tests/mine HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    400,
    'invalid_request',
  ],
  ['no HTTP', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['large headers', `GET /tasks HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('what cannot be read as a request is a problem as well: %s', async (_, request, status, code) => {
  const socket = await dial();
  const answer = ended(socket);
  socket.write(request);
  const [head = '', body = ''] = (await answer).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json`));
  expect(JSON.parse(body)).toMatchObject({ type: `urn:millrace:http.${code}`, status, code: `http.${code}` });
});

test('no more connections are taken than the limit says', async () => {
  const open = await Promise.all(Array.from({ length: LIMITS.connectionsMax + 4 }, dial));
  let closed = 0;
  for (const socket of open) socket.once('close', () => (closed += 1));
  open.forEach((socket) => socket.resume());
  await eventually(() => expect(closed).toBeGreaterThanOrEqual(4));
  for (const socket of open) socket.destroy();
  await eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200));
});

describe('an event stream', () => {
  test('says every now and then that it lives', async () => {
    const reader = (await openStream()).body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while ((seen.match(/^:/gm) ?? []).length < 3) seen += (await reader?.read())?.value ?? '';
    expect(seen).toMatch(/^: ?heartbeat$/m);
    await reader?.cancel();
  });

  test('ends when the gateway ends, and so does the gateway', async () => {
    const body = (await openStream()).text();
    const began = performance.now();
    await gateway.app.close();
    expect(await body).toContain('event: state');
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
