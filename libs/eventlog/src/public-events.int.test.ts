import { ORIGIN, type Position } from '@millrace/contracts';
import { claimNats, completed, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectLog,
  ensureTopology,
  followPublicEvents,
  makePublicEventPublisher,
  publish,
  type LogConnection,
  type PositionedEvent,
} from './index.ts';
import { handleOf, managerOf } from './nats-handle.ts';

let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(() => connection.close());

const items = (from: number, to: number): PositionedEvent[] =>
  Array.from({ length: to - from + 1 }, (_, step) => ({
    position: { sequence: from + step, index: 0 },
    event: completed(),
  }));

const collect = (fromSequence?: number) => {
  const stop = new AbortController();
  const events: { position: Position; runId: string; output: unknown }[] = [];
  const began = Promise.withResolvers<unknown>();
  const options = {
    signal: stop.signal,
    onStart: (start: unknown) => began.resolve(start),
    ...(fromSequence === undefined ? {} : { fromSequence }),
  };
  const done = (async () => {
    for await (const batch of followPublicEvents(connection, options)) {
      for (const { position, runId, event } of batch) events.push({ position, runId, output: event.data });
    }
  })();
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  return { events, began: began.promise, end };
};

test('begins at the origin, publishes in order, and knows its last position', async () => {
  const publisher = makePublicEventPublisher(connection);
  expect(await publisher.lastPosition()).toEqual(ORIGIN);
  const published = items(1, 3_000);
  await Promise.all([publisher.publish(published.slice(0, 100)), publisher.publish(published.slice(100))]);
  expect(await publisher.lastPosition()).toEqual({ sequence: 3_000, index: 0 });
  const { events, began, end } = collect(1);
  await eventually(() => expect(events).toHaveLength(3_000));
  expect(await began).toEqual({ position: ORIGIN, sequence: 1 });
  expect(events).toEqual(
    published.map(({ position, event }) => ({ position, runId: event.subject, output: event.data })),
  );
  await end();
});

test('of two publishers one is refused, and nothing is stored twice', async () => {
  const [one, two] = [makePublicEventPublisher(connection), makePublicEventPublisher(connection)];
  await Promise.all([one.lastPosition(), two.lastPosition()]);
  const batch = items(3_001, 3_200);
  const outcomes = await Promise.allSettled([one.publish(batch), two.publish(batch)]);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { kind: 'conflict', code: 'events.moved' } },
  ]);
  const { events, end } = collect(3_001);
  await eventually(() => expect(events.length).toBeGreaterThanOrEqual(200));
  expect(events.map(({ position }) => position.sequence)).toEqual(batch.map(({ position }) => position.sequence));
  await end();
});

test('sends nothing after an error until it asked for its position again', async () => {
  const publisher = makePublicEventPublisher(connection);
  await expect(publisher.publish(items(1, 1))).rejects.toMatchObject({ code: 'events.moved' });
});

test('passes by what others publish there', async () => {
  publish(connection, 'run.completed.default.f.x', 'not an event');
  const { streams } = await managerOf(connection);
  await eventually(async () => expect((await streams.info('EVENTS')).state.last_seq).toBe(3_201));
  const publisher = makePublicEventPublisher(connection);
  expect(await publisher.lastPosition()).toEqual({ sequence: 3_200, index: 0 });
  const { events, began, end } = collect();
  expect(await began).toMatchObject({ sequence: 3_202 });
  await publisher.publish(items(3_201, 3_201));
  await eventually(() => expect(events.map(({ position }) => position.sequence)).toEqual([3_201]));
  await end();
});

test('tells where following begins', async () => {
  const { began, end } = collect(1_001);
  expect(await began).toEqual({ position: { sequence: 1_000, index: 0 }, sequence: 1_001 });
  await end();
});

test('yields nothing twice when the stream lost its end and is written again', async () => {
  const { events, end } = collect(1);
  await eventually(() => expect(events).toHaveLength(3_201));
  const { streams } = await managerOf(connection);
  await streams.delete('EVENTS');
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
  await eventually(async () => expect((await streams.info('EVENTS')).state.consumer_count).toBe(1));
  const publisher = makePublicEventPublisher(connection);
  expect(await publisher.lastPosition()).toEqual(ORIGIN);
  await publisher.publish(items(1, 3_202));
  await eventually(() => expect(events).toHaveLength(3_202));
  expect(events.map(({ position }) => position.sequence)).toEqual(
    items(1, 3_202).map(({ position }) => position.sequence),
  );
  await end();
});

test('ends, for a log that forked, where the log still agrees, and goes on behind it', async () => {
  const { streams } = await managerOf(connection);
  await streams.delete('EVENTS');
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
  const publisher = makePublicEventPublisher(connection);
  await publisher.lastPosition();
  const at = (from: number, to: number, time: number): PositionedEvent[] =>
    items(from, to).map((item) => ({ ...item, storedAt: time + item.position.sequence, openSince: 1 }));
  await publisher.publish(at(1, 1_000, 1_000_000));
  const { events, end } = collect(1);
  await eventually(() => expect(events).toHaveLength(1_000));

  for (const fork of [1_000, 999, 998, 640, 1, 0]) {
    const found = await publisher.lastPosition(async ({ sequence, storedAt }) => {
      expect(storedAt).toBe(1_000_000 + sequence);
      return sequence <= fork;
    });
    expect(found).toMatchObject(fork === 0 ? ORIGIN : { sequence: fork, storedAt: 1_000_000 + fork, openSince: 1 });
    expect(found.foreign ?? 0).toBe(1_000 - fork);
  }

  // The log grew on from 640: its events come behind those that it no longer has, and who follows gets them too.
  await publisher.publish(at(641, 650, 2_000_000));
  await eventually(() => expect(events).toHaveLength(1_010));
  expect(events.slice(-10).map(({ position }) => position.sequence)).toEqual(
    items(641, 650).map(({ position }) => position.sequence),
  );
  expect(await publisher.lastPosition()).toMatchObject({ sequence: 650, storedAt: 2_000_650 });
  await end();
});

test('asks for few acknowledgements, and one is enough for what comes before it', async () => {
  const publisher = makePublicEventPublisher(connection);
  await publisher.lastPosition();
  const { nats } = handleOf(connection);
  const { inMsgs: before } = nats.stats();
  await publisher.publish(items(3_001, 4_000));
  expect(nats.stats().inMsgs - before).toBeLessThan(20);
  expect(await publisher.lastPosition()).toEqual({ sequence: 4_000, index: 0 });
});

test('what cannot be sent is refused under its own name, and nothing behind it is stored', async () => {
  const publisher = makePublicEventPublisher(connection);
  await publisher.lastPosition();
  const [first, second, third] = items(4_001, 4_003);
  if (first === undefined || second === undefined || third === undefined) throw new Error('three items');
  const large = { ...second, event: completed({ output: 'x'.repeat(9 * 1024 * 1024) }) };
  await expect(publisher.publish([first, large, third])).rejects.toMatchObject({ code: 'log.too_large' });
  expect(await publisher.lastPosition()).toEqual(first.position);
});
