import { findNatsServer, type RunningNats, startNats } from '@millrace/embedded';
import { completed, eventually, makeTempFolder, requested } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBed, type NotifierBed } from '../testing/notifier-bed.ts';
import { type Receiver, startReceiver } from '../testing/receiver.ts';

const dataDir = makeTempFolder('notifier-restart');
let nats: RunningNats;
let bed: NotifierBed;
beforeAll(async () => {
  const { path: binary } = await findNatsServer();
  nats = await startNats({ dataDir, durability: 'strict', binary });
  bed = await makeBed({ natsUrl: nats.url });
});
afterAll(async () => {
  await bed.close();
  await nats.stop();
});

const ids = (receiver: Receiver): readonly unknown[] => receiver.received().map(({ headers }) => headers['webhook-id']);

test('nothing is lost when the notifier is killed, and what comes twice comes under one id', async () => {
  let isWell = false;
  const receiver = await startReceiver((_request, response) => response.writeHead(isWell ? 204 : 500).end());
  const endpoint = await bed.add({ url: receiver.url, events: ['run.ended'] });
  const first = await bed.start({ MILLRACE_NOTIFIER_SCHEDULE: '1s,1s,1s,1s,1s,1s' });
  await bed.publish(...Array.from({ length: 20 }, () => completed()));
  await eventually(async () => expect((await bed.deliveries.list(endpoint.id)).length).toBeGreaterThan(0));
  await first.kill();
  await bed.publish(...Array.from({ length: 5 }, () => completed()));
  isWell = true;
  await bed.start({ MILLRACE_NOTIFIER_SCHEDULE: '1s,1s,1s,1s,1s,1s' });
  await eventually(
    async () => {
      expect(new Set(ids(receiver)).size).toBe(25);
      expect(await bed.deliveries.list(endpoint.id)).toEqual([]);
    },
    { timeoutMs: 25_000 },
  );
  const bodies = new Map<unknown, string>();
  for (const { headers, body } of receiver.received()) {
    expect(bodies.get(headers['webhook-id']) ?? body).toBe(body);
    bodies.set(headers['webhook-id'], body);
  }
  await bed.endpoints.remove(endpoint.id);
  await receiver.close();
});

test('the schedule and the backlog survive a nats-server that is killed', async () => {
  let isWell = false;
  const receiver = await startReceiver((_request, response) => response.writeHead(isWell ? 204 : 503).end());
  const endpoint = await bed.add({ url: receiver.url, events: ['run.requested'] });
  await bed.publish(...Array.from({ length: 3 }, () => requested()));
  await eventually(async () => expect((await bed.deliveries.list(endpoint.id)).length).toBe(3));
  nats.kill();
  await nats.exited;
  nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
  isWell = true;
  await eventually(() => bed.publish(requested()), { timeoutMs: 20_000 });
  await eventually(
    async () => {
      expect(new Set(ids(receiver)).size).toBe(4);
      expect(await bed.deliveries.list(endpoint.id)).toEqual([]);
    },
    { timeoutMs: 25_000 },
  );
  await receiver.close();
});

test('a second notifier stands by and takes over', async () => {
  const receiver = await startReceiver();
  await bed.add({ url: receiver.url, events: ['run.requested'] });
  const second = await bed.start();
  await bed.publish(requested());
  await eventually(() => expect(receiver.received()).toHaveLength(1));
  expect(second.log().some((line) => line.includes('delivers webhooks'))).toBe(false);
  await bed.stopFirst();
  await eventually(() => expect(second.log().some((line) => line.includes('delivers webhooks'))).toBe(true));
  await bed.publish(requested());
  await eventually(() => expect(receiver.received()).toHaveLength(2));
  await receiver.close();
});
