/** F11, F12, F14: the network between services and nats-server. A proxy stands on the way of each. */
import { randomUUID } from 'node:crypto';
import { eventually, makeServiceProxies, type ServiceProxies } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { IS_WHOLE, sized } from './bed/selection.ts';

const LIMIT = 8;

let proxies: ServiceProxies;
let bed: FaultBed;
beforeEach(async () => {
  proxies = makeServiceProxies({ nats: ['gateway', 'scheduler', 'executor', 'projector'] });
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    adaptEnvironment: proxies.adaptEnvironment,
  });
});
afterEach(async () => {
  await bed.stop();
  await proxies.close();
});

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

const PARTITIONS_S = IS_WHOLE ? [5, 30, 120] : [5];

test.each(PARTITIONS_S)(
  'F11: cut off from nats-server for %d s, a gateway accepts nothing, says so, and recovers by itself',
  async (seconds) => {
    await bed.send({ runs: 40 });
    const proxy = proxies.of('gateway', 'nats');
    const until = performance.now() + 1_000 * seconds;
    const outcomes = new Map<string, number>();
    const took: number[] = [];
    proxy.partition();
    const ask = async (): Promise<void> => {
      while (performance.now() < until) {
        const { outcome, code = 'none', tookMs } = await bed.client.ask('witness/script', { timeoutMs: 15_000 });
        outcomes.set(`${outcome} ${code}`, (outcomes.get(`${outcome} ${code}`) ?? 0) + 1);
        took.push(tookMs);
      }
    };
    await Promise.all(Array.from({ length: 4 }, ask));
    const since = performance.now();
    proxy.heal();
    const recoverySeconds = await bed.untilServing(since);
    expect(took.length).toBeGreaterThan(0);
    expect([...outcomes.keys()].filter((outcome) => outcome.startsWith('acknowledged'))).toEqual([]);
    await bed.send({ runs: sized(40, 400) });
    const sorted = took.sort((a, b) => a - b);
    await bed.conclude({
      row: 'F11',
      test: `${seconds} s`,
      recoverySeconds,
      asked: took.length,
      outcomes: Object.fromEntries(outcomes),
      answeredMsMax: sorted.at(-1) ?? 0,
    });
  },
);

test('F12: when only acknowledgements get lost, the same key leads to the same run', async () => {
  await bed.send({ runs: 20 });
  const proxy = proxies.of('gateway', 'nats');
  const keys = Array.from({ length: sized(20, 200) }, () => randomUUID());
  proxy.set({ down: { state: 'lost' } });
  const answers = await Promise.all(keys.map((key) => bed.client.ask('witness/script', { key })));
  expect(answers.filter(({ outcome }) => outcome === 'acknowledged')).toEqual([]);
  // They are recorded, all of them: only nobody was told.
  const since = performance.now();
  proxy.heal();
  const recoverySeconds = await bed.untilServing(since);
  const first = await bed.runsHeardOf();
  const ids = await Promise.all(keys.map((key) => bed.client.start('witness/script', { key })));
  const again = await Promise.all(keys.map((key) => bed.client.start('witness/script', { key })));
  expect(again).toEqual(ids);
  const recordedBefore = ids.filter((id) => first.includes(id)).length;
  await bed.conclude({ row: 'F12', recoverySeconds, unacknowledged: keys.length, recordedBefore });
});

if (IS_WHOLE) {
  test('F14: 200 ms of latency and 1 MB/s everywhere slow down, and break nothing', async () => {
    for (const proxy of proxies.all()) {
      proxy.set({
        up: { latencyMs: 200, bytesPerSecond: 1_000_000 },
        down: { latencyMs: 200, bytesPerSecond: 1_000_000 },
      });
    }
    const answers: { outcome: string; tookMs: number }[] = [];
    const one = async (): Promise<void> => {
      for (let count = 0; count < 50; count += 1) {
        answers.push(await bed.client.ask('witness/script', { timeoutMs: 15_000 }));
      }
    };
    await Promise.all(Array.from({ length: 4 }, one));
    expect(answers.filter(({ outcome }) => outcome !== 'acknowledged')).toEqual([]);
    const sorted = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    await bed.conclude({ row: 'F14', acceptMsP50: percentile(sorted, 0.5), acceptMsP99: percentile(sorted, 0.99) });
  });

  test('F6: nats-server is killed and stays away for 5 s and 30 s', async () => {
    for (const seconds of [5, 30]) {
      const sending = bed.send({ runs: 400 });
      const before = bed.platform.pid('nats');
      for (const proxy of proxies.all()) proxy.refuse();
      await bed.platform.kill('nats');
      await bed.platform.untilRestarted('nats', before);
      await new Promise((resolve) => setTimeout(resolve, 1_000 * seconds)); // so long it stays away
      const since = performance.now();
      for (const proxy of proxies.all()) proxy.heal();
      const recoverySeconds = await bed.untilServing(since);
      await sending;
      await eventually(async () =>
        expect((await bed.platform.http.get('/health')).json).toMatchObject({ status: 'ok' }),
      );
      await bed.conclude({ row: 'F6', test: `away for ${seconds} s`, recoverySeconds });
    }
  });
}
