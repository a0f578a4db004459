/** What alarms rest on: how nats-server 2.15 keeps message schedules, over a kill and the loss of their stream. */
import { SCHEDULES_STREAM, scheduleSubject } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { eventually, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { removeStored } from './stored-messages.ts';
import { managerOf } from './nats-handle.ts';
import {
  connectLog,
  ensureSchedules,
  ensureTopology,
  type LogConnection,
  openSchedules,
  type Schedules,
} from './index.ts';

const SHARD = 0;
const FAR_MS = 3_600_000;
const dataDir = makeTempFolder('eventlog-schedules');
let nats: Awaited<ReturnType<typeof startNats>>;
let connection: LogConnection;
let schedules: Schedules;
const over = new AbortController();
const rung: string[] = [];

const listen = async (): Promise<void> => {
  const started = Promise.withResolvers<undefined>();
  const follow = async (): Promise<void> => {
    const options = { signal: over.signal, onStart: () => started.resolve(undefined) };
    for await (const names of schedules.follow(options)) rung.push(...names);
  };
  follow().catch(started.reject);
  await started.promise;
};

beforeAll(async () => {
  nats = await startNats({ dataDir, durability: 'strict' });
  connection = await connectLog({ url: nats.url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
  schedules = openSchedules(connection, SHARD);
  await listen();
});
afterAll(async () => {
  over.abort();
  await connection.close();
  await nats.stop();
});
beforeEach(async () => {
  await removeStored(connection, SCHEDULES_STREAM, scheduleSubject.all);
  rung.length = 0;
});

test('an alarm rings once, one that is due at once, and is gone then', async () => {
  await schedules.arm('run.a.1', Date.now() + 300);
  await schedules.arm('run.b.0', Date.now() - 60_000);
  await schedules.arm('run.far.0', Date.now() + FAR_MS);
  await eventually(() => expect([...rung].sort()).toEqual(['run.a.1', 'run.b.0']));
  await eventually(async () => expect([...(await schedules.armed())]).toEqual(['run.far.0']));
});

test('an alarm of the same name replaces the one before, and one that was taken back does not ring', async () => {
  await schedules.arm('cron.default/a/b.nightly', Date.now() + FAR_MS);
  await schedules.arm('cron.default/a/b.nightly', Date.now() + 500);
  await schedules.arm('run.gone.0', Date.now() + 500);
  await schedules.disarm('run.gone.0');
  await schedules.arm('run.last.0', Date.now() + 1_000);
  await eventually(() => expect(rung).toContain('run.last.0'));
  expect(rung).toEqual(['cron.default/a/b.nightly', 'run.last.0']);
});

test('alarms outlive a kill of the server, and those that fell due meanwhile ring when it is back', async () => {
  await schedules.arm('run.later.1', Date.now() + FAR_MS);
  await schedules.arm('run.due.1', Date.now() + 50); // nobody is there by then
  nats.kill();
  await nats.exited;
  nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
  await eventually(() => expect(rung).toEqual(['run.due.1']));
  expect([...(await schedules.armed())]).toEqual(['run.later.1']);
});

test('without their stream none can be set; it is made anew, and heard again', async () => {
  await (await managerOf(connection)).streams.delete(SCHEDULES_STREAM);
  await expect(schedules.arm('run.a.1', Date.now())).rejects.toMatchObject({ kind: 'unavailable' });
  await ensureSchedules(connection, SHARD);
  await ensureSchedules(connection, SHARD);
  await schedules.arm('run.a.2', Date.now());
  await eventually(() => expect(rung).toEqual(['run.a.2']));
});
