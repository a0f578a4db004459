import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOutputWriter, type OutputWriter } from '@millrace/eventlog';
import {
  claimDatabase,
  claimNats,
  completed,
  dispatched,
  eventually,
  progressed,
  type StartedService,
  started,
  startService,
} from '@millrace/testkit';
import { portOf } from './port-of.ts';
import { readSse, type SseEvent } from '../testing/read-sse.ts';
import { headersOf, startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

const PROJECTOR = join(import.meta.dirname, '../../projector/src/main.ts');
const workflow = 'tests/mine';
const time = '2026-01-02T03:04:05.678Z';

/** Of 60,000 characters: less at once than half of what is kept for a reader, and far more in all than that and the buffers of two sockets. */
const LINES_AT_ONCE = 8;
const LINES_MAX = 2_000;

let gateway: TestGateway;
let projector: StartedService;
let output: OutputWriter;
let url: string;

beforeAll(async () => {
  const [natsUrl, databaseUrl] = [claimNats().url, (await claimDatabase()).url];
  gateway = await startTestGateway({ natsUrl, databaseUrl });
  projector = await startService(PROJECTOR, { env: { NATS_URL: natsUrl, DATABASE_URL: databaseUrl } });
  await gateway.deploy(workflow);
  await eventually(() => expect(gateway.catalog.entries().size).toBe(1));
  output = makeOutputWriter(gateway.connection, { shard: 0 });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${portOf(gateway.app.server)}`;
});
afterAll(async () => {
  await output.close();
  await gateway.close();
  await projector.stop();
});

const startRun = async (): Promise<string> => {
  const response = await gateway.call({ method: 'POST', url: `/run/${workflow}`, payload: {} });
  return response.json<{ run_id: string }>().run_id;
};

const open = (runId: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/runs/${runId}/events`, {
    headers: { ...headersOf('admin'), ...headers },
    ...(signal === undefined ? {} : { signal }),
  });

const drain = async (events: AsyncIterable<SseEvent>): Promise<readonly SseEvent[]> => {
  const all: SseEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

const collect = async (runId: string, lastEventId?: string): Promise<readonly SseEvent[]> =>
  drain(readSse(await open(runId, lastEventId === undefined ? {} : { 'last-event-id': lastEventId })));

const write = (runId: string, index: number, text: string): void =>
  output.append({ runId, attempt: 1, index, stream: 'stdout', time, text });

/** A run from beginning to end: two lines of output, two steps of progress. */
const play = async (runId: string): Promise<void> => {
  await gateway.writer.append([dispatched({ runId, workflow }), started({ runId, workflow })]);
  write(runId, 0, 'one\n');
  await gateway.writer.append([progressed({ runId, workflow, percent: 40, message: 'half' })]);
  write(runId, 1, 'two\n');
  await output.flush();
  await gateway.writer.append([
    progressed({ runId, workflow, percent: 90 }),
    completed({ runId, workflow, output: 7 }),
  ]);
};

/** What a reader of such a run sees, whenever it reads. */
const expectWhole = (events: readonly SseEvent[]): void => {
  expect(events.filter(({ event }) => event === 'state').map(({ data }) => data['state'])).toEqual([
    'waiting',
    'dispatched',
    'running',
  ]);
  expect(events.filter(({ event }) => event === 'log').map(({ data }) => data['text'])).toEqual(['one\n', 'two\n']);
  expect(events.filter(({ event }) => event === 'progress').map(({ data }) => data['percent'])).toEqual([40, 90]);
  expect(events.at(-1)).toMatchObject({
    event: 'complete',
    data: { type: 'complete', status: 'completed', output: 7 },
  });
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
};

describe('GET /runs/{id}/events', () => {
  test('tells a run live, from its first state to its result, then ends', async () => {
    const runId = await startRun();
    const events = readSse(await open(runId));
    const first = await events.next();
    expect(first.value).toMatchObject({ event: 'state', data: { state: 'waiting' } });
    const rest = drain(events);
    await play(runId);
    expectWhole([...(first.value === undefined ? [] : [first.value]), ...(await rest)]);
  });

  test('tells a run that is over from history', async () => {
    const runId = await startRun();
    await play(runId);
    await eventually(async () => {
      expect((await gateway.call({ url: `/status/${runId}` })).json()).toMatchObject({ status: 'completed' });
    });
    expectWhole(await collect(runId));
  });

  test('joins history and live without gap or repeat, wherever a reader comes in', async () => {
    const runId = await startRun();
    const readers: Promise<readonly SseEvent[]>[] = [collect(runId)];
    await gateway.writer.append([dispatched({ runId, workflow }), started({ runId, workflow })]);
    const steps = Array.from({ length: 40 }, (_, step) => step);
    for (const step of steps) {
      await gateway.writer.append([progressed({ runId, workflow, percent: step })]);
      write(runId, step, `line ${step}\n`);
      if (step % 10 === 5) readers.push(collect(runId));
    }
    await output.flush();
    await gateway.writer.append([completed({ runId, workflow })]);
    for (const events of await Promise.all(readers)) {
      expect(events.filter(({ event }) => event === 'progress').map(({ data }) => data['percent'])).toEqual(steps);
      expect(events.filter(({ event }) => event === 'log').map(({ data }) => data['text'])).toEqual(
        steps.map((step) => `line ${step}\n`),
      );
    }
  });

  test('resumes behind any Last-Event-ID, and answers 204 behind the last one', async () => {
    const runId = await startRun();
    await play(runId);
    const all = await collect(runId);
    for (const [index, { id = '' }] of all.entries()) {
      if (index === all.length - 1) expect((await open(runId, { 'last-event-id': id })).status).toBe(204);
      else expect(await collect(runId, id)).toEqual(all.slice(index + 1));
    }
    expect(await collect(runId, 'garbage')).toEqual(all);
  });

  test('frees everything when the reader goes', async () => {
    const runId = await startRun();
    const gone = new AbortController();
    const events = readSse(await open(runId, {}, gone.signal));
    await events.next();
    gone.abort();
    await expect(events.next()).rejects.toThrow();
    await eventually(async () => expect(await gateway.liveReaders()).toBe(0));
  });

  test('cuts a reader that does not read, and goes on for the others', async () => {
    const runId = await startRun();
    const socket = connect(portOf(gateway.app.server), '127.0.0.1');
    const lines = Object.entries({ host: '127.0.0.1', ...headersOf('admin') }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(`GET /runs/${runId}/events HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    await once(socket, 'readable');
    const reader = readSse(await open(runId));
    const nextLine = async (): Promise<void> => {
      for (;;) {
        const { value, done } = await reader.next();
        if (done === true) throw new Error('the reader that reads was cut');
        if (value.event === 'log') return;
      }
    };
    await eventually(async () => expect(await gateway.liveReaders()).toBe(2));
    await gateway.writer.append([dispatched({ runId, workflow }), started({ runId, workflow })]);
    const text = 'x'.repeat(60_000);
    // In step with the one that reads: it shares a processor with the server, and of a busy one a burst makes it too slow as well.
    for (let written = 0; (await gateway.liveReaders()) === 2; written += LINES_AT_ONCE) {
      expect(written).toBeLessThan(LINES_MAX);
      for (let line = 0; line < LINES_AT_ONCE; line += 1) write(runId, written + line, text);
      await output.flush();
      for (let line = 0; line < LINES_AT_ONCE; line += 1) await nextLine();
    }
    await gateway.writer.append([completed({ runId, workflow })]);
    expect((await drain(reader)).at(-1)).toMatchObject({ event: 'complete' });
    socket.destroy();
  });

  test('answers 406 to a client that wants no event stream', async () => {
    const response = await open(await startRun(), { accept: 'application/json' });
    expect([response.status, await response.json()]).toMatchObject([406, { code: 'http.not_acceptable' }]);
  });
});

describe('GET /runs/{id}/logs', () => {
  test('gives text, or lines as JSON, and goes on behind a cursor', async () => {
    const runId = await startRun();
    await play(runId);
    await collect(runId);
    const text = await gateway.call({ url: `/runs/${runId}/logs` });
    expect([text.headers['content-type'], text.body]).toEqual(['text/plain; charset=utf-8', 'one\ntwo\n']);
    const json = await gateway.call({ url: `/runs/${runId}/logs`, headers: { accept: 'application/json' } });
    expect(json.json()).toMatchObject({ lines: [{ attempt: 1, stream: 'stdout', text: 'one\n' }, { text: 'two\n' }] });
    const after = String(text.headers['millrace-next-after']);
    expect((await gateway.call({ url: `/runs/${runId}/logs?after=${after}` })).body).toBe('');
    expect((await gateway.call({ url: `/runs/${runId}/logs?after=x` })).json()).toMatchObject({
      code: 'logs.invalid_cursor',
    });
  });
});
