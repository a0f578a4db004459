import { completed, eventually, requested, started } from '@millrace/testkit';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { anEntry, makeBed, type NotifierBed, SECRET } from '../testing/notifier-bed.ts';
import { type Answer, type Receiver, startReceiver } from '../testing/receiver.ts';

let bed: NotifierBed;
const receivers: Receiver[] = [];

beforeAll(async () => {
  bed = await makeBed();
  await bed.start();
});
afterEach(async () => {
  for (const { id } of bed.endpoints.list()) await bed.endpoints.remove(id);
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});
afterAll(() => bed.close());

const receiving = async (answer?: Answer): Promise<Receiver> => {
  const receiver = await startReceiver(answer);
  receivers.push(receiver);
  return receiver;
};
const bodies = (receiver: Receiver): readonly Record<string, unknown>[] =>
  receiver.received().map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const types = (receiver: Receiver): readonly unknown[] => bodies(receiver).map(({ type }) => type);

test('a run is told in its order, signed as Standard Webhooks says', async () => {
  const receiver = await receiving();
  await bed.add({ url: receiver.url, events: ['run.started', 'run.ended'] });
  const run = requested({ input: { n: 1 } });
  const runId = run.subject;
  await bed.publish(run, started({ runId }), completed({ runId, output: 7 }));
  await eventually(() => expect(receiver.received()).toHaveLength(2));
  expect(types(receiver)).toEqual(['dev.millrace.run.started.v1', 'dev.millrace.run.completed.v1']);
  expect(bodies(receiver)[1]).toMatchObject({ specversion: '1.0', subject: runId, data: { output: 7 } });
  for (const { headers, body } of receiver.received()) {
    expect(headers).toMatchObject({ 'content-type': 'application/cloudevents+json' });
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual(JSON.parse(body));
  }
});

test('an endpoint gets what it asked for, of every source, and no hash of a token', async () => {
  const receiver = await receiving();
  const windmill = await receiving();
  await bed.add({ url: receiver.url, events: ['workflow.*', 'token.created', 'token.revoked'] });
  await bed.add({ url: windmill.url, events: ['workflow.deployed', 'workflow.removed'], format: 'windmill' });
  const token = { id: 't1', sha256: 'c0ffee', label: 'ci', scopes: ['read'], createdAt: '2026-01-02T03:04:05.678Z' };
  await bed.tokens.put(token);
  await bed.catalog.put(anEntry('a/b', 'v1'));
  await bed.catalog.put(anEntry('a/b', 'v2'));
  await bed.catalog.remove('default', 'a/b');
  await bed.tokens.remove('t1');
  await bed.publish(requested());
  await eventually(() => expect(receiver.received()).toHaveLength(5));
  expect([...types(receiver)].sort()).toEqual([
    'dev.millrace.token.created.v1',
    'dev.millrace.token.revoked.v1',
    'dev.millrace.workflow.deployed.v1',
    'dev.millrace.workflow.deployed.v1',
    'dev.millrace.workflow.removed.v1',
  ]);
  expect(receiver.received().some(({ body }) => body.includes('c0ffee'))).toBe(false);
  await eventually(() =>
    expect(bodies(windmill)).toEqual([
      { type: 'CreateScript', workspace: 'default', path: 'a/b', hash: 'v1' },
      { type: 'UpdateScript', workspace: 'default', path: 'a/b', hash: 'v2' },
      { type: 'DeleteScriptPath', workspace: 'default', path: 'a/b' },
    ]),
  );
});

test('a message that fails is tried again with the same id and body, and another timestamp', async () => {
  const receiver = await receiving((_request, response, count) =>
    response.writeHead(count < 3 ? 500 : 200).end('{"why":"busy"}'),
  );
  const endpoint = await bed.add({ url: receiver.url });
  await bed.publish(requested());
  await eventually(() => expect(receiver.received()).toHaveLength(3));
  const [first, second, third] = receiver.received();
  expect(new Set([first, second, third].map((one) => one?.headers['webhook-id'])).size).toBe(1);
  expect(new Set([first, second, third].map((one) => one?.body)).size).toBe(1);
  await eventually(async () => {
    expect((await bed.attempts(endpoint)).map(({ outcome, status }) => [outcome, status])).toEqual([
      ['retry', 500],
      ['retry', 500],
      ['delivered', 200],
    ]);
    expect(await bed.deliveries.list(endpoint.id)).toEqual([]);
  });
});

test('when the schedule is used up the message has failed for good, and can be found', async () => {
  const receiver = await receiving((_request, response) => response.writeHead(500).end());
  const endpoint = await bed.add({ url: receiver.url });
  await bed.publish(requested());
  await eventually(async () => {
    expect((await bed.attempts(endpoint)).map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'retry', 'failed']);
    expect(await bed.deliveries.list(endpoint.id)).toMatchObject([{ state: 'failed', attempts: 4 }]);
  });
});

test('a redirect is a failure and is not followed', async () => {
  const elsewhere = await receiving();
  const receiver = await receiving((_request, response) => response.writeHead(301, { location: elsewhere.url }).end());
  const endpoint = await bed.add({ url: receiver.url });
  await bed.publish(requested());
  await eventually(async () =>
    expect((await bed.attempts(endpoint))[0]).toMatchObject({ status: 301, outcome: 'retry' }),
  );
  expect(elsewhere.received()).toEqual([]);
});

test('410 disables the endpoint', async () => {
  const receiver = await receiving((_request, response) => response.writeHead(410).end());
  const { id } = await bed.add({ url: receiver.url });
  await bed.publish(requested());
  // A message whose delivery to the notifier got lost comes again after the acknowledgement time, seven seconds here.
  await eventually(
    () =>
      expect(bed.endpoints.get(id)).toMatchObject({ enabled: false, disabledReason: 'the receiver answered 410 Gone' }),
    { timeoutMs: 60_000 },
  );
  await bed.publish(requested());
  expect(receiver.received()).toHaveLength(1);
});

test('Retry-After is waited for, by every message', async () => {
  const receiver = await receiving((_request, response, count) => {
    if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else response.writeHead(204).end();
  });
  const endpoint = await bed.add({ url: receiver.url });
  await bed.publish(requested());
  await eventually(async () => expect(await bed.attempts(endpoint)).toHaveLength(1));
  await bed.publish(requested());
  await eventually(() => expect(receiver.received()).toHaveLength(3));
  const [first, ...later] = receiver.received().map(({ at }) => at);
  for (const at of later) expect(at - (first ?? 0)).toBeGreaterThanOrEqual(995);
});

test('an endpoint that hangs, drips, floods or is not there delays no other', async () => {
  const well = await receiving();
  const hanging = await receiving(() => undefined);
  const dripping = await receiving((_request, response) => {
    const timer = setInterval(() => response.socket?.write('H'), 100);
    response.once('close', () => clearInterval(timer));
  });
  const flooding = await receiving((_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'.repeat(60_000)), 1);
    response.once('close', () => clearInterval(timer));
  });
  const dead = await startReceiver();
  await dead.close();
  const flooded = await bed.add({ url: flooding.url });
  const [hung, dripped, refused] = [
    await bed.add({ url: hanging.url }),
    await bed.add({ url: dripping.url }),
    await bed.add({ url: dead.url }),
  ];
  await bed.add({ url: well.url });
  for (let count = 0; count < 20; count += 1) await bed.publish(requested());
  await eventually(() => expect(well.received()).toHaveLength(20), { timeoutMs: 3_000 });
  await eventually(async () => {
    expect((await bed.attempts(hung))[0]).toMatchObject({ error: 'no answer within 0.7 s' });
    expect((await bed.attempts(dripped))[0]?.error).toBeDefined();
    expect((await bed.attempts(refused))[0]?.error).toMatch(/ECONNREFUSED/);
    const [first] = await bed.attempts(flooded);
    expect(first).toMatchObject({ outcome: 'delivered', status: 200 });
    expect(first?.response).toHaveLength(1_024);
  });
});

test('an endpoint in trouble is not hammered: its backlog stays where it happened', async () => {
  const receiver = await receiving((_request, response) => response.writeHead(500).end());
  const endpoint = await bed.add({ url: receiver.url });
  await bed.publish(...Array.from({ length: 200 }, () => requested()));
  await eventually(async () => expect((await bed.attempts(endpoint)).length).toBeGreaterThanOrEqual(5));
  await eventually(async () => expect(await bed.deliveries.list(endpoint.id)).not.toEqual([]));
  expect(receiver.received().length).toBeLessThan(20);
});

test('private addresses are refused unless they are allowed', async () => {
  const endpoint = await bed.add({ url: 'http://10.11.12.13/hook' });
  await bed.publish(requested());
  await eventually(async () =>
    expect((await bed.attempts(endpoint))[0]?.error).toBe(
      'this address is refused: 10.11.12.13 is not public (private)',
    ),
  );
});
