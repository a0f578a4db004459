/** A server with three shards: what callers, subscribers and operators see is what they see of a server with one. */
import { carriedShard, messagingSubject, shardOfWorkflow } from '@millrace/contracts';
import { connectLog, type LogConnection, openRunKeys, request } from '@millrace/eventlog';
import { type AdaptEnvironment } from '@millrace/embedded';
import { eventually, startService, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rebuild, settledHash } from '../faults/bed/read-model.ts';
import { readPublicEvents } from '../faults/bed/subscriber.ts';
import { liveGroups } from './live-groups.ts';
import { startRun, statusOf, untilEnded, untilState } from './runs.ts';

const SHARDS = 3;
/** Two of the shards may run two of them, the third one. */
const LIMIT = 5;
const MARKER = `millrace-shards-${process.pid}`;
const PATIENT = { timeoutMs: 40_000 };

const pathsOf = (shard: number, count: number, prefix: string, shards = SHARDS): string[] => {
  const paths: string[] = [];
  for (let number = 0; paths.length < count; number += 1) {
    const path = `${prefix}/job-${number}`;
    if (shardOfWorkflow('default', path, shards) === shard) paths.push(path);
  }
  return paths;
};
const ALL = Array.from({ length: SHARDS }, (_, shard) => shard);
const QUICK = ALL.map((shard) => pathsOf(shard, 1, 'quick')[0] ?? '');
const SLOW = ALL.flatMap((shard) => pathsOf(shard, 2, 'slow'));
const HELD = ALL.map((shard) => pathsOf(shard, 1, 'held')[0] ?? '');
const SEALED = ALL.map((shard) => pathsOf(shard, 1, 'sealed')[0] ?? '');

const scripts = (paths: readonly string[], text: string): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [`${path}.sh`, `#!/bin/sh\n${text}\n`]));

const env = {
  MILLRACE_SHARDS: String(SHARDS),
  MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT),
};
const workflows = {
  ...scripts(QUICK, 'echo \'{"done":true}\''),
  ...scripts(SLOW, `exec sh -c 'sleep 0.4; : ${MARKER}'`),
  ...scripts(HELD, 'sleep 60'),
  ...scripts(SEALED, 'sleep 3\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"'),
  ...Object.fromEntries(SEALED.map((path) => [`${path}.yaml`, 'delete_after_use: true\n'])),
};

let platform: TestPlatform;
let connection: LogConnection;

const begin = async (started: Promise<TestPlatform>): Promise<void> => {
  platform = await started;
  connection = await connectLog({ url: platform.natsUrl, name: 'test' });
};
const stop = async (): Promise<void> => {
  await connection.close();
  await platform.stop();
};

beforeAll(async () => {
  // Leaders look for keys to destroy three times a second.
  const adaptEnvironment: AdaptEnvironment = (_name, given) => ({ ...given, MILLRACE_DELETE_GRACE_MS: '300' });
  await begin(startTestPlatform({ env, workflows, adaptEnvironment }));
});
afterAll(stop);

const holders = (): Promise<string[]> =>
  Promise.all(
    ALL.map(async (shard) => {
      const answer = await request(connection, messagingSubject.leader(shard), '', 1_000);
      return (JSON.parse(answer) as { holder: string }).holder;
    }),
  );

const cancel = async (id: string): Promise<void> => {
  await platform.http.post(`/runs/${id}/cancel`);
  expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'cancelled' });
};

test('runs of all shards finish, their ids tell the shard, and each can be read at once', async () => {
  const ids = await Promise.all(QUICK.map((path) => startRun(platform.http, path)));
  expect(ids.map(carriedShard)).toEqual(ALL);
  for (const id of ids) expect((await statusOf(platform.http, id)).run_id).toBe(id);
  for (const id of ids) expect(await untilEnded(platform.http, id)).toMatchObject({ status: 'completed', attempt: 1 });
  const listed = (await platform.http.get('/runs?limit=100')).json as { runs: { run_id: string }[] };
  expect(listed.runs.map(({ run_id }) => run_id)).toEqual(expect.arrayContaining(ids));
});

test('a caller that waits gets the output, and a repeat under the same key the same run, whatever the shard', async () => {
  for (const path of QUICK) {
    const waited = await platform.http.post(`/run/${path}?wait=20`, { body: {} });
    expect([waited.status, waited.json]).toEqual([200, expect.objectContaining({ output: { done: true } })]);
    const headers = { 'idempotency-key': `key of ${path}` };
    const [first, second] = [
      await startRun(platform.http, path, { a: 1 }, headers),
      await startRun(platform.http, path, { a: 1 }, headers),
    ];
    expect(second).toBe(first);
    expect((await platform.http.post(`/run/${path}`, { body: { a: 2 }, headers })).status).toBe(409);
    await untilEnded(platform.http, first);
    const rerun = await platform.http.post(`/runs/${first}/rerun?wait=20`);
    expect([rerun.status, rerun.json]).toEqual([200, expect.objectContaining({ output: { done: true } })]);
  }
});

test(`never more than ${LIMIT} processes live at once, and all of them when every shard has work`, async () => {
  const ids = (
    await Promise.all(SLOW.map((path) => Promise.all([1, 2, 3, 4].map(() => startRun(platform.http, path)))))
  ).flat();
  let most = 0;
  const open = new Set(ids);
  while (open.size > 0) {
    for (const id of open) {
      most = Math.max(most, liveGroups(MARKER).length);
      if ((await statusOf(platform.http, id)).status !== 'running') open.delete(id);
    }
  }
  expect(most).toBe(LIMIT);
  for (const id of ids) expect(await statusOf(platform.http, id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a run is cancelled, streamed and explained in its shard', async () => {
  for (const path of HELD) {
    const running = await Promise.all([1, 2].map(() => startRun(platform.http, path)));
    const third = await startRun(platform.http, path);
    for (const id of running.slice(0, 1)) await untilState(platform.http, id, 'running');
    const why = await eventually(async () => {
      const answer = await platform.http.get(`/runs/${third}/why`);
      expect(answer.status).toBe(200);
      return answer.json as { reason: string };
    });
    expect(why.reason).not.toBe('over');
    const stream = await fetch(new URL(`/runs/${third}/events`, platform.url), {
      headers: { authorization: `Bearer ${platform.token}`, accept: 'text/event-stream', 'x-workflow-client': 'test' },
      signal: AbortSignal.timeout(60_000),
    });
    for (const id of [third, ...running]) await cancel(id);
    const told = await stream.text(); // ends with the run
    expect(told).toContain('"complete"');
    const seen = [...told.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(new Set(seen).size).toBe(seen.length);
  }
});

test('subscribers hear each event of each shard once and in order, in one stream', async () => {
  const ids = await Promise.all(QUICK.map((path) => startRun(platform.http, path)));
  for (const id of ids) await untilEnded(platform.http, id);
  const events = await eventually(async () => {
    const heard = await readPublicEvents(platform.natsUrl);
    for (const id of ids) expect(heard.some(({ runId, name }) => runId === id && name === 'completed')).toBe(true);
    return heard;
  }, PATIENT);
  for (const shard of ALL) {
    const places = events
      .filter((event) => event.shard === String(shard))
      .map(({ position }) => position.split('.').map(Number) as [number, number]);
    const sorted = [...places].sort(([a, i], [b, j]) => a - b || i - j);
    expect(places.length).toBeGreaterThan(4);
    expect(places).toEqual(sorted);
    expect(new Set(places.map(String)).size).toBe(places.length);
  }
});

test('no leader destroys the key of a run of another shard', async () => {
  const keys = openRunKeys(connection);
  const ids = await Promise.all(SEALED.map((path, shard) => startRun(platform.http, path, { shard })));
  let looks = 0;
  await eventually(async () => {
    const states = await Promise.all(ids.map(async (id) => (await statusOf(platform.http, id)).state));
    if (states.some((state) => state !== 'waiting' && state !== 'dispatched' && state !== 'running')) return;
    expect(await keys.list()).toEqual(expect.arrayContaining(ids));
    looks += 1;
    throw new Error('they still run');
  }, PATIENT);
  expect(looks).toBeGreaterThan(2);
  await eventually(async () => expect(await keys.list()).toEqual([]), PATIENT);
});

test('a rebuild gives the same rows', async () => {
  const before = await settledHash(platform);
  await rebuild(platform);
  expect(await settledHash(platform)).toEqual(before);
});

test('two schedulers share the shards, and the one that is left leads all of them', async () => {
  const [alone] = await eventually(holders, PATIENT);
  expect(await holders()).toEqual(ALL.map(() => alone));
  const second = await startService(join(import.meta.dirname, '../../services/scheduler/src/main.ts'), {
    env: { ...env, NATS_URL: platform.natsUrl },
  });
  try {
    await eventually(async () => expect(new Set(await holders()).size).toBe(2), PATIENT);
    const metrics = await (await fetch(`${second.adminUrl}/metrics`)).text();
    for (const shard of ALL) expect(metrics).toMatch(new RegExp(`millrace_scheduler_waiting_runs{.*shard="${shard}"`));
    const count = (await holders()).filter((holder) => holder === alone).length;
    expect(count).toBe(2);
    const ids = await Promise.all(QUICK.map((path) => startRun(platform.http, path)));
    for (const id of ids) expect(await untilEnded(platform.http, id)).toMatchObject({ status: 'completed' });
  } finally {
    await second.kill();
  }
  await eventually(async () => expect(await holders()).toEqual(ALL.map(() => alone)), PATIENT);
  const ids = await Promise.all(QUICK.map((path) => startRun(platform.http, path)));
  for (const id of ids) expect(await untilEnded(platform.http, id)).toMatchObject({ status: 'completed' });
});

test('another number of shards is refused while a run is open, and then keeps every run and every key', async () => {
  const headers = { 'idempotency-key': 'over the change' };
  const [path = ''] = QUICK;
  const kept = await Promise.all(QUICK.map((each) => startRun(platform.http, each, { a: 1 }, headers)));
  for (const id of kept) await untilEnded(platform.http, id);
  const open = await startRun(platform.http, HELD[2] ?? '');
  await untilState(platform.http, open, 'running');
  const { home } = platform;
  const changed = { ...env, MILLRACE_SHARDS: '2' };
  await stop();
  await expect(startTestPlatform({ home, env: changed })).rejects.toThrow(
    /3 shards, and 2 are configured, but 1 run is open: start it with shards = 3, let the runs end/,
  );
  await begin(startTestPlatform({ home, env }));
  await cancel(open);
  await stop();
  await begin(startTestPlatform({ home, env: changed }));
  for (const [index, id] of kept.entries()) {
    expect(await statusOf(platform.http, id)).toMatchObject({ status: 'completed' });
    const again = await startRun(platform.http, QUICK[index] ?? '', { a: 1 }, headers);
    expect(again).toBe(id);
    const rerun = await platform.http.post(`/runs/${id}/rerun?wait=20`);
    expect([rerun.status, rerun.json]).toEqual([200, expect.objectContaining({ output: { done: true } })]);
  }
  const fresh = await startRun(platform.http, path);
  expect(carriedShard(fresh)).toBe(shardOfWorkflow('default', path, 2));
  await untilEnded(platform.http, fresh);
});

test('the leader of a shard starts what its workflows have scheduled, once for each instant', async () => {
  const ticks = [0, 1].map((shard) => pathsOf(shard, 1, 'tick', 2)[0] ?? '');
  for (const path of ticks) {
    platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\ncp "$MILLRACE_TRIGGER" "$MILLRACE_OUTPUT"\n');
    platform.saveWorkflow(`${path}.yaml`, "triggers:\n  - { cron: '* * * * * *', id: ticks }\n");
  }
  for (const [shard, path] of ticks.entries()) {
    const outputs = await eventually(async () => {
      const { runs } = (await platform.http.get(`/runs?workflow=${path}&status=completed&limit=50`)).json as {
        runs: { run_id: string }[];
      };
      expect(runs.length).toBeGreaterThanOrEqual(3);
      expect(runs.map(({ run_id }) => carriedShard(run_id))).toEqual(runs.map(() => shard));
      return Promise.all(runs.map(async ({ run_id }) => (await statusOf(platform.http, run_id)).output));
    }, PATIENT);
    const instants = outputs.map((output) => (output as { delivery: string }).delivery);
    expect(new Set(instants).size).toBe(instants.length);
  }
});
