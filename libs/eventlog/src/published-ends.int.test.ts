import { ORIGIN, type Position } from '@millrace/contracts';
import { claimNats, completed, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectLog,
  ensureTopology,
  followPublicEvents,
  type LogConnection,
  makePublicEventPublisher,
  type PositionedEvent,
} from './index.ts';

const LOGS = 3;
const always = async (): Promise<boolean> => true;

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024, shards: LOGS });
});
afterAll(() => connection.close());

const items = (shard: number, from: number, to: number): PositionedEvent[] =>
  Array.from({ length: to - from + 1 }, (_, step) => ({
    shard,
    position: { sequence: from + step, index: 0 },
    event: completed(),
    openSince: from,
    storedAt: 1_000 + from + step,
  }));

const endAt = (sequence: number, since: number) => ({
  sequence,
  index: 0,
  storedAt: 1_000 + sequence,
  openSince: since,
});

const readAll = async (count: number): Promise<readonly (Position & { readonly shard: number })[]> => {
  const seen: (Position & { shard: number })[] = [];
  const signal = AbortSignal.timeout(30_000);
  for await (const batch of followPublicEvents(connection, { fromSequence: 1, signal })) {
    seen.push(...batch.map(({ shard, position }) => ({ ...position, shard })));
    if (seen.length >= count) break;
  }
  return seen;
};

test('events of several logs are woven into one stream, each log in its order, and each end is found again', async () => {
  const publisher = makePublicEventPublisher(connection, LOGS);
  expect(await publisher.lastPositions(always)).toEqual([ORIGIN, ORIGIN, ORIGIN]);
  await publisher.publish(items(2, 1, 3)); // then silent, far longer than anybody reads back
  await Promise.all([
    ...Array.from({ length: 10 }, (_, part) => publisher.publish(items(0, part * 20 + 1, part * 20 + 20))),
    publisher.publish(items(1, 1, 150)),
  ]);
  const next = makePublicEventPublisher(connection, LOGS);
  expect(await next.lastPositions(always)).toEqual([endAt(200, 181), endAt(150, 1), endAt(3, 1)]);
  await next.publish(items(1, 151, 151));
  expect(await next.lastPositions(always)).toEqual([endAt(200, 181), endAt(151, 151), endAt(3, 1)]);
  const seen = await readAll(354);
  for (const [shard, count] of [200, 151, 3].entries()) {
    const places = seen.filter((event) => event.shard === shard).map(({ sequence }) => sequence);
    expect(places).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  }
});

test('of two publishers one is refused, whichever logs they publish', async () => {
  const [one, two] = [makePublicEventPublisher(connection, LOGS), makePublicEventPublisher(connection, LOGS)];
  await Promise.all([one.lastPositions(always), two.lastPositions(always)]);
  const outcomes = await Promise.allSettled([one.publish(items(0, 201, 260)), two.publish(items(1, 152, 211))]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { kind: 'conflict', code: 'events.moved' } },
  ]);
});

test('a log that was cut short is gone on with behind the newest event that it agrees with, the others where they are', async () => {
  const publisher = makePublicEventPublisher(connection, LOGS);
  const [zero, , two] = await publisher.lastPositions(always);
  await publisher.publish(items(1, 301, 500));
  await publisher.publish(items(2, 4, 60));
  const cut = makePublicEventPublisher(connection, LOGS);
  const ends = await cut.lastPositions(async (shard, { sequence }) => shard !== 1 || sequence <= 350);
  expect(ends[0]).toEqual(zero);
  expect(ends[1]).toMatchObject({ ...endAt(350, 301), foreign: expect.any(Number) as number });
  expect(ends[2]).toEqual(endAt(60, 4));
  expect(two).toEqual(endAt(3, 1));
  await eventually(async () => expect((await cut.lastPositions(always))[1]).toEqual(endAt(500, 301)));
});
