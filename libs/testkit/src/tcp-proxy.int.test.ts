import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let proxy: TcpProxy;
/** Everything that has reached the server. */
let received = '';

beforeEach(async () => {
  received = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      socket.write(`echo ${chunk.toString()}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startTcpProxy({ upstreamPort: (server.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

const open = async (): Promise<{ socket: Socket; heard: () => string; end: () => string | undefined }> => {
  const socket = connect(proxy.port, '127.0.0.1');
  let heard = '';
  let end: string | undefined;
  socket.on('data', (chunk: Buffer) => void (heard += chunk.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => void (end = error.code));
  socket.on('close', () => void (end ??= 'closed'));
  await once(socket, 'connect');
  return { socket, heard: () => heard, end: () => end };
};

test('passes both directions, and gives an address through itself', async () => {
  const { socket, heard } = await open();
  socket.write('a');
  await eventually(() => expect(heard()).toBe('echo a'));
  expect(proxy.through('nats://user:word@localhost:4222')).toBe(`nats://user:word@127.0.0.1:${proxy.port}`);
  socket.destroy();
});

test('holds everything in a partition, and lets it go on in order when that is over', async () => {
  const { socket, heard, end } = await open();
  proxy.partition();
  socket.write('a');
  socket.write('b');
  const other = await open();
  other.socket.write('c');
  await new Promise((resolve) => setTimeout(resolve, 100)); // nothing may come: there is no event to wait for
  expect([received, heard(), end()]).toEqual(['', '', undefined]);
  proxy.heal();
  await eventually(() => expect([heard().replaceAll('echo ', ''), other.heard()]).toEqual(['ab', 'echo c']));
  socket.destroy();
  other.socket.destroy();
});

test('loses what comes back while it lets through what goes there, and resets the connection afterwards', async () => {
  const { socket, heard, end } = await open();
  proxy.set({ down: { state: 'lost' } });
  socket.write('a');
  await eventually(() => expect(received).toBe('a'));
  await new Promise((resolve) => setTimeout(resolve, 50)); // nothing may come: there is no event to wait for
  expect([heard(), end()]).toEqual(['', undefined]);
  proxy.heal();
  await eventually(() => expect(end()).toBe('ECONNRESET'));
});

test('resets connections, refuses new ones, and takes them again', async () => {
  const { end } = await open();
  proxy.refuse();
  await eventually(() => expect(end()).toBe('ECONNRESET'));
  await expect(once(connect(proxy.port, '127.0.0.1'), 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  proxy.heal();
  const again = await open();
  again.socket.write('a');
  await eventually(() => expect(again.heard()).toBe('echo a'));
  again.socket.destroy();
});

test('keeps to latency and bandwidth', async () => {
  const { socket, heard } = await open();
  proxy.set({ up: { latencyMs: 100 }, down: { bytesPerSecond: 1_000 } });
  const start = performance.now();
  socket.write('x'.repeat(95));
  await eventually(() => expect(heard()).toHaveLength(100));
  socket.write('y');
  await eventually(() => expect(heard()).toContain('y'));
  // Two trips of at least 100 ms, and 100 bytes at 1,000 a second between the answers: lower bounds, which no busy machine can break.
  expect(performance.now() - start).toBeGreaterThan(195);
  socket.destroy();
});
