import { EVENTS_STREAM } from '@millrace/contracts';
import { claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLog, type LogConnection } from './connection.ts';
import { openDurableConsumer } from './durable-consumer.ts';
import { storeText } from './stored-messages.ts';
import { ensureTopology } from './topology.ts';

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(() => connection.close());

const subjectOf = (event: string): string => `run.${event}.default.a.b`;

const open = (...events: readonly string[]) =>
  openDurableConsumer(connection, {
    stream: EVENTS_STREAM,
    name: 'webhook_changed',
    filters: events.map((event) => `run.${event}.>`),
    fromSequence: 1,
    ackWaitMs: 30_000,
    unsettledMax: 10,
  });

const takeOne = async (consumer: ReturnType<typeof open>): Promise<string | undefined> => {
  const taken = await consumer.take(AbortSignal.timeout(20_000));
  taken?.acknowledge();
  return taken?.text;
};

test('other filters hold behind the last message that was taken: nothing is lost, and nothing older comes', async () => {
  const store = (event: string, text: string) => storeText(connection, subjectOf(event), text);
  await store('completed', 'one');
  await store('failed', 'older than what is taken');
  await store('completed', 'taken');
  expect(await takeOne(open('completed'))).toBe('one');
  expect(await takeOne(open('completed'))).toBe('taken');

  await store('completed', 'two');
  const both = open('completed', 'failed');
  expect(await takeOne(both)).toBe('two');
  await store('failed', 'three');
  expect(await takeOne(both)).toBe('three');

  const other = open('failed');
  await store('completed', 'not wanted any more');
  await store('failed', 'four');
  expect(await takeOne(other)).toBe('four');
});
