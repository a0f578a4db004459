import { claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLog, ensureTopology, type LogConnection } from './index.ts';
import { managerOf } from './nats-handle.ts';

const MIB = 1024 * 1024;
const { url } = claimNats();
let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url, name: 'test' });
});
afterAll(() => connection.close());

const configOf = async (stream: string) => (await (await managerOf(connection)).streams.info(stream)).config;

test('several processes may prepare the streams at once', async () => {
  await Promise.all([1, 2, 3].map(() => ensureTopology(connection, { logMaxBytes: 64 * MIB })));
  expect(await configOf('LOG_0')).toMatchObject({
    subjects: ['log.0.>'],
    discard: 'new',
    retention: 'limits',
    max_bytes: 64 * MIB,
    allow_atomic: true,
    allow_direct: true,
    allow_msg_ttl: true,
  });
  expect(await configOf('EVENTS')).toMatchObject({ subjects: ['run.>'], discard: 'old', persist_mode: 'async' });
  expect(await configOf('LOGS')).toMatchObject({ discard: 'old', max_bytes: 16 * MIB });
});

test('repeating it changes what differs and keeps what is stored', async () => {
  await ensureTopology(connection, { logMaxBytes: 128 * MIB, logMaxAgeMs: 60_000 });
  expect(await configOf('LOG_0')).toMatchObject({ max_bytes: 128 * MIB, max_age: 60_000_000_000 });
  await ensureTopology(connection, { logMaxBytes: 64 * MIB });
  expect(await configOf('LOG_0')).toMatchObject({ max_bytes: 64 * MIB });
});

test('the requests inbox has limits of its own', async () => {
  await ensureTopology(connection, { logMaxBytes: 64 * MIB, inboxMaxBytes: 2 * MIB, inboxMaxAgeMs: 90_000 });
  expect(await configOf('REQUESTS')).toMatchObject({ discard: 'old', max_bytes: 2 * MIB, max_age: 90_000_000_000 });
});

test('a second shard shares the other streams', async () => {
  await ensureTopology(connection, { shard: 1, logMaxBytes: 64 * MIB });
  expect(await configOf('LOG_1')).toMatchObject({ subjects: ['log.1.>'] });
});

test('says that there is not enough room', async () => {
  await expect(ensureTopology(connection, { logMaxBytes: 2 ** 52 })).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'log.full',
  });
});

test('says that nobody answers', async () => {
  await expect(connectLog({ url: 'nats://127.0.0.1:1', name: 'test' })).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'log.unreachable',
  });
});
