import { CloudEvent, HTTP } from 'cloudevents';
import { completed, dispatched, eventually, failed, progressed, responded, started } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { during, report } from '../testing/play-executor.ts';
import { type ProjectedGateway, startProjectedGateway } from '../testing/start-projected-gateway.ts';

const ONE = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const workflow = 'tests/mine';

let gateway: ProjectedGateway;
beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: [workflow] });
});
afterAll(() => gateway.stop());

/** As the SDK of the specification reads it. */
const read = (response: { headers: Record<string, unknown>; body: string }) => {
  const headers = { 'content-type': String(response.headers['content-type']) };
  const events = [HTTP.toEvent<unknown>({ headers, body: response.body })].flat();
  for (const event of events) expect(() => new CloudEvent(event)).not.toThrow(); // it validates
  return events;
};

const start = async (): Promise<string> => {
  const response = await gateway.call({
    method: 'POST',
    url: `/run/${workflow}`,
    payload: { input: { a: 1 }, env: { B: '2' } },
  });
  return response.json<{ run_id: string }>().run_id;
};

test('a run is answered as its last event', async () => {
  const runId = await start();
  const url = `/runs/${runId}`;
  const [first] = read(await gateway.call({ url, headers: { accept: ONE } }));
  expect(first).toMatchObject({ type: 'dev.millrace.run.requested.v1', id: runId, subject: runId, workflow });
  expect(first?.data).toMatchObject({ input: { a: 1 } });
  expect(first?.data).not.toHaveProperty('env');
  const end = failed({ runId, workflow });
  await gateway.writer.append([dispatched({ runId, workflow }), end]);
  await eventually(async () => {
    const [last] = read(await gateway.call({ url, headers: { accept: `text/plain;q=0.1, ${ONE}` } }));
    expect(JSON.parse(JSON.stringify(last))).toEqual(end);
  });
  for (const accept of [undefined, '*/*', 'application/json', `${ONE};q=0`]) {
    const plain = await gateway.call({ url, headers: accept === undefined ? {} : { accept } });
    expect(plain.json()).toMatchObject({ run_id: runId, status: 'failed' });
  }
});

test('its events so far are answered as one batch, in order, as they stand in the log', async () => {
  const runId = await start();
  const events = [
    dispatched({ runId, workflow }),
    started({ runId, workflow }),
    progressed({ runId, workflow }),
    completed({ runId, workflow, output: { done: true } }),
  ];
  await gateway.writer.append(events);
  await eventually(async () => {
    const batch = read(await gateway.call({ url: `/runs/${runId}/events`, headers: { accept: BATCH } }));
    expect(batch.map(({ id }) => id)).toEqual([runId, ...events.map(({ id }) => id)]);
    expect(batch.at(-1)?.data).toEqual({ output: { done: true }, exitCode: 0 });
    expect(JSON.stringify(batch)).not.toMatch(/replyTo|"env"/);
  });
  const both = await gateway.call({ url: `/runs/${runId}/events`, headers: { accept: `${BATCH}, text/event-stream` } });
  expect(both.headers['content-type']).toContain('text/event-stream');
  const neither = await gateway.call({ url: `/runs/${runId}/events`, headers: { accept: ONE } });
  expect(neither.json()).toMatchObject({ code: 'http.not_acceptable' });
});

test("another's run has no events either", async () => {
  const url = '/runs/0193a5f0-7c1e-7a3b-8f00-0123456789ab';
  for (const [path, accept] of [
    [url, ONE],
    [`${url}/events`, BATCH],
  ] as const) {
    expect((await gateway.call({ url: path, headers: { accept } })).json()).toMatchObject({ code: 'run.not_found' });
  }
});

test.each(['replied', 'lost'])('who waits gets the event that ends the run, its reply %s', async (reply) => {
  const begin = () =>
    gateway.call({ method: 'POST', url: `/run/${workflow}?wait=2`, headers: { accept: ONE }, payload: {} });
  let end: ReturnType<typeof failed> | undefined;
  const response = await during(gateway, begin, async (runId) => {
    await gateway.writer.append([dispatched({ runId, workflow })]);
    end = failed({ runId, workflow });
    if (reply === 'replied') await report(gateway, end);
    else await gateway.writer.append([end]);
  });
  expect(response.statusCode).toBe(422);
  expect(JSON.parse(JSON.stringify(read(response)[0]))).toEqual(end);
});

test('who waits gets the event of an early answer', async () => {
  const begin = () =>
    gateway.call({ method: 'POST', url: `/run/${workflow}?wait=10`, headers: { accept: ONE }, payload: {} });
  const response = await during(gateway, begin, async (runId) => {
    await gateway.writer.append([dispatched({ runId, workflow })]);
    await report(gateway, responded({ runId, workflow, response: 'early' }));
  });
  expect(read(response)[0]).toMatchObject({ type: 'dev.millrace.run.responded.v1', data: { response: 'early' } });
});

test('who does not wait gets the usual answer', async () => {
  const headers = { accept: ONE };
  const response = await gateway.call({ method: 'POST', url: `/run/${workflow}`, headers, payload: {} });
  expect([response.statusCode, response.json()]).toMatchObject([202, { status: 'accepted' }]);
});
