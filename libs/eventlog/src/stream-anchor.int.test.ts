import { logStream, logSubject } from '@millrace/contracts';
import { claimNats, completed } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectLog,
  ensureTopology,
  logContradiction,
  type LogConnection,
  makeEventWriter,
  readCommit,
} from './index.ts';
import { managerOf } from './nats-handle.ts';
import { type StreamAnchor } from './stream-anchor.ts';

const SHARD = 0;
const TOPOLOGY = { logMaxBytes: 64 * 1024 * 1024 };

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, TOPOLOGY);
});
afterAll(() => connection.close());

const append = async (commits: number): Promise<void> => {
  const subject = logSubject.commit(SHARD);
  const options = { shard: SHARD, subject, inFlightMax: 1, timeoutMs: 5_000, retry: 'never' } as const;
  const writer = makeEventWriter(connection, options);
  for (let commit = 0; commit < commits; commit += 1) await writer.append([completed()]);
  await writer.close();
};

const anchorAt = async (sequence: number): Promise<StreamAnchor> => ({
  sequence,
  storedAt: (await readCommit(connection, SHARD, sequence))?.time,
});
const contradiction = async (anchor: StreamAnchor): Promise<string | undefined> =>
  logContradiction(connection, SHARD, anchor);

test('a log agrees with what was read from it, also when that has aged out, and with nothing else', async () => {
  await append(6);
  const [second, fifth, sixth] = await Promise.all([2, 5, 6].map(anchorAt));
  if (second?.storedAt === undefined || fifth?.storedAt === undefined || sixth === undefined) throw new Error('stored');
  const other = { ...fifth, storedAt: fifth.storedAt - 1 };
  expect(await contradiction({ sequence: 0, storedAt: undefined })).toBeUndefined();
  expect(await contradiction(fifth)).toBeUndefined();
  expect(await contradiction(other)).toContain('message 5 was stored at');
  expect(await contradiction({ ...fifth, storedAt: undefined })).toBeUndefined();
  expect(await contradiction({ sequence: 7, storedAt: undefined })).toContain('ends at 6');

  const { streams } = await managerOf(connection);
  await streams.purge(logStream(SHARD), { seq: 4 });
  expect(await contradiction(second)).toBeUndefined();
  expect(await contradiction({ ...second, storedAt: Date.now() + 1_000 })).toContain('message 4 is older');
  await streams.purge(logStream(SHARD));
  expect(await contradiction(sixth)).toBeUndefined();
});

test('a log that was made after the message was read is another one, even where the place has aged out', async () => {
  await append(1);
  const { streams } = await managerOf(connection);
  const { last_seq: last } = (await streams.info(logStream(SHARD))).state;
  const anchor = await anchorAt(last);
  await streams.delete(logStream(SHARD));
  await ensureTopology(connection, TOPOLOGY);
  await append(last + 3);
  await streams.purge(logStream(SHARD), { seq: last + 2 });
  expect(await contradiction(anchor)).toContain('it was made at');
});
