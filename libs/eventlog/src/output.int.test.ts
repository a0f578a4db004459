import { type OutputChunk } from '@millrace/contracts';
import { claimNats, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectLog,
  ensureTopology,
  followOutput,
  makeOutputWriter,
  OUTPUT_BYTES_MAX,
  outputBounds,
  type LogConnection,
} from './index.ts';

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 1024 * 1024 * 1024 });
});
afterAll(() => connection.close());

const chunk = (index: number, text = 'line'): OutputChunk => ({
  runId: 'run',
  attempt: 1,
  index,
  stream: 'stdout',
  time: '2026-01-02T03:04:05.678Z',
  text,
});

test('chunks arrive in order, packed', async () => {
  const writer = makeOutputWriter(connection, { shard: 0 });
  const chunks = Array.from({ length: 5_000 }, (_, index) => chunk(index));
  chunks.forEach(writer.append);
  await writer.flush();
  expect(writer.dropped()).toBe(0);
  const { last } = await outputBounds(connection);
  expect(last).toBeLessThan(20);
  const stop = new AbortController();
  const got: OutputChunk[] = [];
  const options = { shard: 0, fromSequence: 0, signal: stop.signal };
  for await (const packs of followOutput(connection, options)) {
    for (const pack of packs) got.push(...pack.chunks);
    if (got.length >= chunks.length) break;
  }
  expect(got).toEqual(chunks);
  await writer.close();
});

test('gives up and counts what exceeds its bound', async () => {
  const writer = makeOutputWriter(connection, { shard: 0 });
  const text = 'x'.repeat(1024 * 1024);
  const tooMany = OUTPUT_BYTES_MAX / text.length + 8;
  for (let index = 0; index < tooMany; index += 1) writer.append(chunk(index, text));
  expect(writer.dropped()).toBeGreaterThanOrEqual(8);
  await writer.flush();
  await eventually(() => expect(writer.dropped()).toBeLessThan(12));
  await writer.close();
});

test('drops what is appended after it was closed', async () => {
  const writer = makeOutputWriter(connection, { shard: 0 });
  await writer.close();
  writer.append(chunk(0));
  expect(writer.dropped()).toBe(1);
});
