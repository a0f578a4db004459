import { claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLog, type LogConnection } from './connection.ts';
import { openSnapshots } from './snapshots.ts';
import { ensureTopology } from './topology.ts';

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(() => connection.close());

const loaded = async (shard: number): Promise<readonly string[]> => {
  const texts: string[] = [];
  for await (const bytes of openSnapshots(connection).load(shard)) texts.push(Buffer.from(bytes).toString('latin1'));
  return texts;
};

const pieces = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text));

test('the last two of a shard are kept, the newest first', async () => {
  const snapshots = openSnapshots(connection);
  expect(await loaded(1)).toEqual([]);
  await snapshots.put(1, pieces('o', '', 'ne'));
  await snapshots.put(1, pieces('two'));
  await snapshots.put(2, pieces('of another shard'));
  expect(await loaded(1)).toEqual(['two', 'one']);
  for (const text of ['three', 'four', 'five']) await snapshots.put(1, pieces(text));
  expect(await loaded(1)).toEqual(['five', 'four']);
});

test('one that could not be written leaves the two that are there', async () => {
  const snapshots = openSnapshots(connection);
  await snapshots.put(3, pieces('one'));
  await snapshots.put(3, pieces('two'));
  const broken = function* (): Generator<Uint8Array> {
    yield Buffer.alloc(1024 * 1024);
    throw new Error('the state cannot be encoded');
  };
  await expect(snapshots.put(3, broken())).rejects.toThrow();
  expect(await loaded(3)).toEqual(['two', 'one']);
});

test('a large one comes back as it was', async () => {
  const text = 'x'.repeat(1_500_000);
  await openSnapshots(connection).put(4, pieces(text.slice(0, 700_000), text.slice(700_000)));
  expect(await loaded(4)).toEqual([text]);
});
