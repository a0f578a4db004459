import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { attemptLost, completed, dispatched, eventually, requested, startTestPlatform } from '@millrace/testkit';
import { executorSource, logSubject, type RunEvent } from '@millrace/contracts';
import { connectLog, type LogConnection, logBounds, readCommit } from '@millrace/eventlog';
import { type ServerProcess } from '@millrace/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, statusOf, untilEnded, untilState } from '../e2e/runs.ts';

/** Runs until the file is there that its input names. */
const HELD = `#!/bin/sh
go=$(sed 's/.*"go": *"\\([^"]*\\)".*/\\1/' "$MILLRACE_INPUT")
while [ ! -e "$go" ]; do sleep 0.2; done
echo true > "$MILLRACE_OUTPUT"
`;
const MARK = 'forged-by-an-attacker';

let platform: Awaited<ReturnType<typeof startTestPlatform>>;
let admin: LogConnection;
const open: NatsConnection[] = [];
beforeAll(async () => {
  const env = { MILLRACE_MAX_CONCURRENT_RUNS: '1' };
  platform = await startTestPlatform({ workflows: { 'attack/held.sh': HELD }, env, mayViolatePermissions: true });
  admin = await connectLog({ url: platform.natsUrl, name: 'test' });
});
afterAll(async () => {
  for (const connection of open) await connection.close();
  await admin.close();
  await platform.stop();
});

interface Intruder {
  readonly nats: NatsConnection;
  /** What the server refused, as it says it. */
  readonly refusals: readonly string[];
}

/** A connection with what the process of a service knows. */
const dialAs = async (service: ServerProcess): Promise<Intruder> => {
  const environment = readFileSync(`/proc/${platform.pid(service)}/environ`, 'utf8').split('\0');
  const { host, username, password } = new URL(
    environment.find((line) => line.startsWith('NATS_URL='))?.slice(9) ?? '',
  );
  const nats = await connect({ servers: host, user: username, pass: password, reconnect: false, timeout: 5_000 });
  open.push(nats);
  expect(username).toBe(service);
  const refusals: string[] = [];
  void (async () => {
    for await (const change of nats.status()) if (change.type === 'error') refusals.push(change.error.message);
  })();
  return { nats, refusals };
};

const FORGED_STREAMS = ['LOG_0', 'EVENTS', 'LOGS', 'REQUESTS', 'RUN_KEYS', 'KV_tokens', 'KV_catalog'];
const REMOVALS = FORGED_STREAMS.flatMap((stream) => [
  `$JS.API.STREAM.DELETE.${stream}`,
  `$JS.API.STREAM.UPDATE.${stream}`,
  `$JS.API.STREAM.CREATE.${stream}`,
  `$JS.API.STREAM.RESTORE.${stream}`,
  `$JS.API.STREAM.PURGE.${stream}`,
]);

describe('A4: the user of an executor writes on no subject of another', () => {
  test.each<[string, readonly string[]]>([
    [
      'dispatches, decisions, runs of schedules, the lease',
      [logSubject.dispatch(0, 'ex_x'), logSubject.decision(0), logSubject.scheduled(0), logSubject.lease(0)],
    ],
    ['requests', [logSubject.gateway(0), logSubject.request(0, 'abc'), logSubject.commit(0), logSubject.probe(0)]],
    ['public events', ['run.completed.default.attack.held']],
    [
      'tokens, secrets, workflows, triggers',
      ['tokens', 'secrets', 'catalog', 'triggers'].map((name) => `$KV.${name}.x`),
    ],
    ['bundles and files', ['$O.bundles.C.x', '$O.bundles.M.x', '$O.files.C.x']],
    ['keys, the inbox, deliveries', ['run-keys.x', 'requests.0.refused', 'webhook.delivery.a.b']],
    [
      'words of others',
      ['executor.ex_x.cancel', 'projector.0.position', 'supervisor.0.unwritable', '_INBOX.gateway.x'],
    ],
    ['streams', [...REMOVALS, '$JS.API.STREAM.MSG.DELETE.LOG_0', '$JS.API.STREAM.MSG.DELETE.RUN_KEYS']],
    [
      'consumers by which a stream that it writes is delivered elsewhere',
      [
        '$JS.API.CONSUMER.CREATE.LOG_0',
        '$JS.API.CONSUMER.CREATE.LOG_0.x',
        '$JS.API.CONSUMER.CREATE.LOG_0.x.log.0.executor',
        '$JS.API.CONSUMER.CREATE.LOG_0.x.log.0.>',
        '$JS.API.CONSUMER.DURABLE.CREATE.LOG_0.x',
        '$JS.API.CONSUMER.CREATE.LOGS.x.logs.0.chunks',
        '$JS.API.CONSUMER.LIST.LOG_0',
        '$JS.API.CONSUMER.NAMES.LOG_0',
      ],
    ],
    [
      'messages as they are',
      ['LOG_0', 'LOG_0.log.0.executor', 'LOGS', 'KV_tokens'].map((of) => `$JS.API.DIRECT.GET.${of}`),
    ],
  ])('%s', async (_what, subjects) => {
    const { nats, refusals } = await dialAs('executor');
    for (const subject of subjects) nats.publish(subject, '[]');
    await nats.flush();
    await eventually(() => expect(refusals).toHaveLength(subjects.length));
    for (const [index, subject] of subjects.entries()) expect(refusals[index]).toContain(subject);
    await nats.close();
  });

  test('nor does it hear what is said to others', async () => {
    const { nats, refusals } = await dialAs('executor');
    const subjects = [
      '>',
      'log.>',
      '_INBOX.>',
      '_INBOX.gateway.>',
      'reply.>',
      '$KV.>',
      'run.>',
      'scheduler.>',
      '$JS.>',
    ];
    for (const subject of subjects) nats.subscribe(subject, { callback: () => undefined });
    await nats.flush();
    await eventually(() => expect(refusals).toHaveLength(subjects.length));
    await nats.close();
  });
});

test.each(['gateway', 'scheduler', 'projector'] as const)(
  'A32: the user of a %s removes no stream',
  async (service) => {
    const { nats, refusals } = await dialAs(service);
    for (const subject of REMOVALS) nats.publish(subject, '{}');
    await nats.flush();
    await eventually(() => expect(refusals).toHaveLength(REMOVALS.length));
    await nats.close();
  },
);

const executorOf = async (runId: string): Promise<string> => {
  const headers = { accept: 'application/cloudevents-batch+json' };
  const { text } = await platform.http.get(`/runs/${runId}/events`, { headers });
  const events = JSON.parse(text) as readonly { type: string; data: { executor?: string } }[];
  return events.find(({ type }) => type.includes('dispatched'))?.data.executor ?? '';
};

/** Records commits of one event each, as an executor does; they are in the log when this resolves. */
const record = async ({ nats }: Intruder, events: readonly RunEvent[]): Promise<void> => {
  const { last } = await logBounds(admin, 0);
  for (const event of events) nats.publish(logSubject.executor(0), JSON.stringify([event]));
  await nats.flush();
  await eventually(async () => expect((await logBounds(admin, 0)).last).toBeGreaterThanOrEqual(last + events.length));
};

test('A4: what an executor says about a run that another has, or that waits, is recorded and changes nothing', async () => {
  const go = join(platform.home, 'go');
  const held = await startRun(platform.http, 'attack/held', { go });
  await untilState(platform.http, held, 'running');
  const waiting = await startRun(platform.http, 'attack/held', { go });
  const owner = await executorOf(held);
  expect(owner).toMatch(/^ex_/);
  const intruder = await dialAs('executor');

  const about = (runId: string) => ({ runId, workflow: 'attack/held', attempt: 1, output: MARK, reason: MARK });
  const withoutAttempt = (event: RunEvent): RunEvent => {
    const copy = { ...event };
    Reflect.deleteProperty(copy, 'attempt');
    return copy;
  };
  const sources = [
    executorSource('ex_other'),
    '/millrace/scheduler/x',
    '/millrace/gateway/x',
    `${executorSource(owner)}x`,
  ];
  const forged = sources.flatMap((source) => [
    completed({ ...about(held), source }),
    attemptLost({ ...about(held), executor: owner, source }),
    withoutAttempt(completed({ ...about(waiting), source })),
    completed({ ...about(waiting), source }),
    dispatched({ ...about(waiting), executor: 'ex_other', source }),
    requested({ workflow: 'attack/held', source, input: MARK }),
  ]);
  // what only others may say, with the name of the executor that has the run
  forged.push(
    requested({ workflow: 'attack/held', source: executorSource(owner), input: MARK }),
    dispatched({ ...about(waiting), executor: owner, source: executorSource(owner) }),
    withoutAttempt(completed({ ...about(waiting), source: executorSource(owner) })),
  );
  await record(intruder, forged);

  // both are as they were, once everything that was forged has been read
  expect((await platform.http.get('/runs/01a1fe04-148e-7730-95d0-3c1cf9210df0')).status).toBe(404);
  expect(await statusOf(platform.http, held)).toMatchObject({ state: 'running', attempt: 1 });
  expect(await statusOf(platform.http, waiting)).toMatchObject({ state: 'waiting' });
  writeFileSync(go, '');
  for (const runId of [held, waiting]) {
    expect(await untilEnded(platform.http, runId)).toMatchObject({ state: 'completed', attempt: 1, output: true });
  }
  for (const path of [`/runs/${held}/events`, `/runs/${waiting}/events`, '/runs?limit=50']) {
    expect((await platform.http.get(path)).text).not.toContain(MARK);
  }
  await intruder.nats.close();
});

test('A4: an answer that shall land in the log lands nowhere, or decides nothing', async () => {
  const { nats } = await dialAs('executor');
  const { last } = await logBounds(admin, 0);
  const beat = JSON.stringify({ executor: 'ex_detour', slots: 0, draining: false, held: [] });
  for (const reply of [logSubject.decision(0), logSubject.dispatch(0, 'ex_x'), logSubject.gateway(0)]) {
    nats.publish('scheduler.0.heartbeat', beat, { reply });
    nats.publish('logs.0.chunks', '[]', { reply });
    nats.publish('$JS.API.STREAM.MSG.GET.LOG_0', JSON.stringify({ seq: 1 }), { reply });
  }
  await nats.flush();
  await nats.close();
  const go = join(platform.home, 'go');
  expect(await untilEnded(platform.http, await startRun(platform.http, 'attack/held', { go }))).toMatchObject({
    state: 'completed',
  });
  const { last: end } = await logBounds(admin, 0);
  for (let sequence = last + 1; sequence <= end; sequence += 1) {
    const commit = await readCommit(admin, 0, sequence);
    // an acknowledgement or an answer of the API is no commit: nothing in it is an event
    const isOurs = commit?.events.every((member) => member.known) === true;
    if (!isOurs)
      expect(commit?.events).toEqual([expect.objectContaining({ known: false, reason: 'not a JSON batch' })]);
  }
});
