import { SINGLE_RING } from '@millrace/contracts';
import { claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRing, connectLog, ensureTopology, type LogConnection, readRing } from './index.ts';
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

test('the number of shards is kept with the first log, and another one is taken on only while no run is open', async () => {
  const room = { logMaxBytes: 96 * MIB };
  await ensureTopology(connection, { ...room, shards: 1 });
  expect(await readRing(connection)).toEqual(SINGLE_RING);
  await expect(ensureTopology(connection, { ...room, shards: 3 })).rejects.toMatchObject({ code: 'shards.open_runs' });
  const busy = { ...room, shards: 3, countOpenRuns: async () => 2 };
  await expect(ensureTopology(connection, busy)).rejects.toThrow(
    /has 1 shard, and 3 are configured, but 2 runs are open/,
  );
  // as older versions made it, which would take the output of the other shards
  await (await managerOf(connection)).streams.update('LOGS', { subjects: ['logs.*.chunks'] });
  await ensureTopology(connection, { ...busy, countOpenRuns: async () => 0 });
  expect(await readRing(connection)).toMatchObject({ shards: 3, logs: 3, earlier: [1] });
  expect(await configOf('LOG_0')).toMatchObject({ subjects: ['log.0.>'], max_bytes: 32 * MIB });
  expect(await configOf('LOG_2')).toMatchObject({ subjects: ['log.2.>'], max_bytes: 32 * MIB });
  expect(await configOf('LOGS_2')).toMatchObject({ subjects: ['logs.2.chunks'] });
  await ensureTopology(connection, room);
  expect(await readRing(connection)).toMatchObject({ shards: 3, logs: 3 });
});

test('logs stay when there are fewer shards, and a service that was told another number does not start', async () => {
  await ensureTopology(connection, { logMaxBytes: 96 * MIB, shards: 2, countOpenRuns: async () => 0 });
  const ring = await readRing(connection);
  expect(ring).toMatchObject({ shards: 2, logs: 3, earlier: [3, 1] });
  expect(ring.sinceMs).toBeGreaterThan(1e12);
  const { signal } = new AbortController();
  expect(await checkRing(connection, 2, signal)).toEqual(ring);
  await expect(checkRing(connection, 3, signal)).rejects.toMatchObject({ kind: 'refused', code: 'shards.mismatch' });
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
