/** F5, F31, F32: receivers of webhooks that hang, lie, go away or have no address. None of them delays the others. */
import { type ServerResponse } from 'node:http';
import { eventually } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { ALLOW_LOOPBACK, type Answering, type Receiver, startReceiver } from './bed/receiver.ts';

const LIMIT = 8;
const TIMEOUT_S = 3;

let bed: FaultBed;
const receivers: Receiver[] = [];
beforeEach(async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT, endpoints: ['good'] },
    env: {
      MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT),
      MILLRACE_NOTIFIER_TIMEOUT: `${TIMEOUT_S}s`,
      MILLRACE_NOTIFIER_SCHEDULE: '1s,2s,5s,10s',
      ...ALLOW_LOOPBACK,
    },
  });
});
afterEach(async () => {
  await bed.stop();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

const receiving = async (endpoint: string, answer?: Answering, url?: (port: number) => string): Promise<Receiver> => {
  const receiver = await startReceiver(bed, {
    endpoint,
    ...(answer === undefined ? {} : { answer }),
    ...(url === undefined ? {} : { url }),
  });
  receivers.push(receiver);
  return receiver;
};

interface EndpointView {
  readonly id: string;
  readonly enabled: boolean;
}
interface DeliveryView {
  readonly state: string;
  readonly status?: number;
  readonly error?: string;
  readonly response?: string;
}

const enabled = async ({ id }: Receiver): Promise<boolean | undefined> => {
  const { json } = await bed.platform.http.get('/webhooks');
  return (json as { readonly webhooks: readonly EndpointView[] }).webhooks.find((endpoint) => endpoint.id === id)
    ?.enabled;
};

const drip = (response: ServerResponse): void => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), 1_000);
  response.on('close', () => clearInterval(timer));
};

const HUGE_BYTES = 50 * 1_048_576;

/** What each does with a message; all of them are failures, however they look. */
const BAD: Readonly<Record<string, Answering>> = {
  hangs: () => undefined,
  'one byte a second': drip,
  redirects: (response) => response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end(),
  'is overloaded': (response) => response.writeHead(429, { 'retry-after': '2' }).end(),
  fails: (response) => response.writeHead(500).end(),
  'resets the connection': (response) => response.socket?.resetAndDestroy(),
};

test('F32: one receiver of every bad kind, and one that is good, which is told of everything', async () => {
  const good = await receiving('good');
  for (const [name, answer] of Object.entries(BAD)) await receiving(name, answer);
  const gone = await receiving('gone', (response) => response.writeHead(410).end());
  const huge = await receiving('huge body', (response) => response.writeHead(200).end(Buffer.alloc(HUGE_BYTES)));
  await receiving('bad certificate', undefined, (port) => `https://127.0.0.1:${port}/hook`);
  const since = performance.now();
  const ids = await bed.send({ runs: 100 });
  await bed.untilOver(ids);
  await eventually(() => expect(good.count()).toBeGreaterThanOrEqual(new Set(ids).size), { timeoutMs: 240_000 });
  const toldSeconds = (performance.now() - since) / 1_000;
  await eventually(async () => expect(await enabled(gone)).toBe(false), { timeoutMs: 240_000 });
  expect(huge.count()).toBeGreaterThan(0);
  const { json } = await bed.platform.http.get(`/webhooks/${huge.id}/deliveries`);
  const { deliveries } = json as { readonly deliveries: readonly DeliveryView[] };
  expect(deliveries.every(({ response = '' }) => response.length <= 65_536)).toBe(true);
  expect(bed.platform.pid('notifier')).toBeGreaterThan(0);
  await bed.conclude({ row: 'F32', kinds: Object.keys(BAD).length + 3, toldSeconds });
});

test('F31: an endpoint whose name does not resolve delays no other', async () => {
  await receiving('nowhere', undefined, (port) => `http://millrace-test.invalid:${port}/hook`);
  const good = await receiving('good');
  const since = performance.now();
  const ids = await bed.send({ runs: 60 });
  await bed.untilOver(ids);
  await eventually(() => expect(good.count()).toBeGreaterThanOrEqual(new Set(ids).size), { timeoutMs: 240_000 });
  await bed.conclude({ row: 'F31', toldSeconds: (performance.now() - since) / 1_000 });
});

test('F5: a notifier that is killed again and again tells everything, under the same ids', async () => {
  const good = await receiving('good');
  const since = performance.now();
  const over = new AbortController();
  const sending = bed.send({ runs: Number.POSITIVE_INFINITY, clients: 4, signal: over.signal });
  for (let kills = 0; kills < 5; kills += 1) {
    const before = await eventually(() => bed.platform.pid('notifier'));
    bed.arm('notifier.after-post', 'kill');
    await bed.platform.untilRestarted('notifier', before);
  }
  over.abort();
  const ids = await sending;
  await bed.untilOver(ids);
  await eventually(() => expect(good.count()).toBeGreaterThanOrEqual(new Set(ids).size), { timeoutMs: 240_000 });
  await bed.conclude({ row: 'F5', kills: 5, toldSeconds: (performance.now() - since) / 1_000 });
});
