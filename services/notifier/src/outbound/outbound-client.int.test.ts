import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { parseOutboundPolicy } from '@millrace/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../../testing/receiver.ts';
import { BODY_BYTES_MAX, makeOutboundClient, type OutboundOptions, type OutboundOutcome } from './outbound-client.ts';
import { type Resolve } from './resolve.ts';

/** Counts connections: what must not be reached. */
let inner: Server;
let port = 0;
let connections = 0;
beforeAll(async () => {
  inner = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  inner.listen(0, '127.0.0.1');
  await once(inner, 'listening');
  const address = inner.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
beforeEach(() => {
  connections = 0;
});
afterAll(() => inner.close());

const CLOSED = parseOutboundPolicy([], []);
const OPEN = parseOutboundPolicy([], ['127.0.0.0/8']);
const never: Resolve = () => Promise.reject(new Error('must not be asked'));

const post = async (url: string, options: Partial<OutboundOptions> = {}): Promise<OutboundOutcome> => {
  const client = makeOutboundClient({ policy: CLOSED, resolve: never, timeoutMs: 500, ...options });
  return client({ url, headers: {}, body: '{}', signal: new AbortController().signal });
};
const at =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const HOSTS = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0177.1',
  '0.0.0.0',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[64:ff9b::7f00:1]',
];

describe('A22: a listener on loopback gets no connection', () => {
  test.each(HOSTS)('from http://%s', async (host) => {
    expect(await post(`http://${host}:${port}/`)).toMatchObject({ kind: 'unanswered' });
    expect(connections).toBe(0);
  });

  test.each([
    ['one address', ['127.0.0.1']],
    ['a public address before it', ['93.184.216.34', '127.0.0.1']],
    ['a mapped one', ['::ffff:127.0.0.1']],
    ['the address of metadata', ['169.254.169.254']],
    ['no address', []],
  ])('from a name with %s', async (_what, addresses) => {
    expect(await post(`http://name.example:${port}/`, { resolve: at(...addresses) })).toMatchObject({
      kind: 'unanswered',
    });
    expect(connections).toBe(0);
  });

  test('from a name that is public when it is checked and private when it is asked again', async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      // The first answer is a public test address that nobody answers at.
      return [{ address: asked === 1 ? '192.31.196.1' : '127.0.0.1', family: 4 }];
    };
    expect(await post(`http://name.example:${port}/`, { resolve })).toMatchObject({ kind: 'unanswered' });
    expect([asked, connections]).toEqual([1, 0]);
  });

  test('from a redirect', async () => {
    const receiver = await startReceiver((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${port}/latest/meta-data` }).end(),
    );
    expect(await post(receiver.url, { policy: OPEN })).toMatchObject({ kind: 'answered', status: 302 });
    await receiver.close();
    expect(connections).toBe(0);
  });

  test('from a proxy of the environment', async () => {
    const receiver = await startReceiver();
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: `http://127.0.0.1:${port}`, NODE_USE_ENV_PROXY: '1' });
    expect(await post(receiver.url, { policy: OPEN })).toMatchObject({ kind: 'answered', status: 204 });
    process.env = before;
    await receiver.close();
    expect(connections).toBe(0);
  });
});

describe('an answer', () => {
  let receiver: Receiver;
  const answering = async (answer: Parameters<typeof startReceiver>[0]): Promise<OutboundOutcome> => {
    receiver = await startReceiver(answer);
    try {
      return await post(receiver.url, { policy: OPEN });
    } finally {
      await receiver.close();
    }
  };

  test('comes from exactly the address that was checked, under the name', async () => {
    receiver = await startReceiver();
    const url = `http://name.example:${receiver.port}/a?b=c`;
    expect(await post(url, { policy: OPEN, resolve: at('127.0.0.1') })).toMatchObject({
      kind: 'answered',
      status: 204,
    });
    expect(receiver.received()[0]).toMatchObject({ url: '/a?b=c', headers: { host: `name.example:${receiver.port}` } });
    await receiver.close();
  });

  test('is read up to 64 KiB', async () => {
    const outcome = await answering((_request, response) =>
      response.writeHead(200).end('x'.repeat(10 * BODY_BYTES_MAX)),
    );
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, body: 'x'.repeat(BODY_BYTES_MAX) });
  });

  test('that does not come is not waited for', async () => {
    expect(await answering(() => undefined)).toEqual({ kind: 'unanswered', reason: 'no answer within 0.5 s' });
  });

  test('whose name is not found in time is not waited for', async () => {
    const resolve: Resolve = () => new Promise(() => undefined);
    const outcome = await post('http://slow.example/', { resolve });
    expect(outcome).toEqual({ kind: 'unanswered', reason: 'no answer within 0.5 s' });
  });

  test('in another protocol is none', async () => {
    const outcome = await answering((_request, response) => response.socket?.end('SSH-2.0-x\r\n'));
    expect(outcome).toMatchObject({ kind: 'unanswered' });
  });

  test('without TLS where TLS was asked for is none', async () => {
    receiver = await startReceiver();
    const outcome = await post(receiver.url.replace('http:', 'https:'), { policy: OPEN });
    await receiver.close();
    expect(outcome).toMatchObject({ kind: 'unanswered' });
    expect(receiver.received()).toEqual([]);
  });
});
