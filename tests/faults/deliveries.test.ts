/** F20, F21: the network repeats messages of nats-server, or changes their order. Nobody is to notice. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  makeServiceProxies,
  repeatDeliveries,
  type ServiceProxies,
  swapDeliveries,
  type Transform,
} from '@millrace/testkit';
import { afterEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';
import { ALLOW_LOOPBACK, type Receiver, startReceiver } from './bed/receiver.ts';
import { IS_WHOLE, sized } from './bed/selection.ts';

const LIMIT = 8;
const SERVICES = ['gateway', 'scheduler', 'executor', 'projector', 'notifier'] as const;

let proxies: ServiceProxies;
let bed: FaultBed;
let receiver: Receiver;
afterEach(async () => {
  await bed.stop();
  await receiver.close();
  await proxies.close();
});

const start = async (transformDown?: () => Transform): Promise<void> => {
  proxies = makeServiceProxies({ nats: SERVICES, ...(transformDown === undefined ? {} : { transformDown }) });
  bed = await startFaultBed({
    experiment: { limit: LIMIT, endpoints: ['ends'] },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT), ...ALLOW_LOOPBACK },
    adaptEnvironment: proxies.adaptEnvironment,
  });
  receiver = await startReceiver(bed, { endpoint: 'ends' });
};

const concludeWithRebuild = async (row: string, name: string): Promise<void> => {
  const since = performance.now();
  await bed.untilServing(since);
  await bed.conclude({ row, test: name });
  const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
  expect(rebuilt).toEqual(folded);
};

test('F20: every message that comes twice has its effect once', async () => {
  await start(repeatDeliveries);
  await bed.send({ runs: sized(100, 1_000) });
  await concludeWithRebuild('F20', 'every delivery twice');
});

test('F21: messages that overtake each other change nothing', async () => {
  await start(() => swapDeliveries(7));
  await bed.send({ runs: sized(60, 400), clients: 8 });
  await concludeWithRebuild('F21', 'every seventh delivery is overtaken');
});

/** All consumers of all streams, while they are in use: whoever reads has to begin anew, and knows from where. */
const deleteConsumers = async (natsUrl: string): Promise<number> => {
  const { host, username, password } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  try {
    const manager = await jetstreamManager(nats);
    let deleted = 0;
    for await (const { config } of manager.streams.list()) {
      for await (const consumer of manager.consumers.list(config.name)) {
        await manager.consumers.delete(config.name, consumer.name).catch(() => undefined);
        deleted += 1;
      }
    }
    return deleted;
  } finally {
    await nats.close();
  }
};

if (IS_WHOLE) {
  test('F20: all consumers are deleted again and again, and everybody goes on where they were', async () => {
    await start();
    let isOver = false;
    let deleted = 0;
    const deleting = async (): Promise<void> => {
      while (!isOver) {
        deleted += await deleteConsumers(bed.platform.natsUrl);
        await new Promise((resolve) => setTimeout(resolve, 500)); // paces the faults
      }
    };
    const fault = deleting();
    await bed.send({ runs: 600 });
    isOver = true;
    await fault;
    expect(deleted).toBeGreaterThan(0);
    await concludeWithRebuild('F20', 'consumers deleted');
  });
}
