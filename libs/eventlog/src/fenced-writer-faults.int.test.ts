import { logSubject } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { dispatched, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  acquireLease,
  connectLog,
  ensureTopology,
  follow,
  logBounds,
  makeFencedWriter,
  type LogConnection,
} from './index.ts';

const SHARD = 0;
const dataDir = makeTempFolder('eventlog-fenced');
let nats: Awaited<ReturnType<typeof startNats>>;
let connection: LogConnection;
beforeAll(async () => {
  nats = await startNats({ dataDir, durability: 'strict' });
  connection = await connectLog({ url: nats.url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(async () => {
  await connection.close();
  await nats.stop();
});

const idsOn = async (subject: string): Promise<string[]> => {
  const { last } = await logBounds(connection, SHARD);
  const ids: string[] = [];
  const options = { shard: SHARD, fromSequence: 1, signal: new AbortController().signal };
  for await (const batch of follow(connection, options)) {
    for (const commit of batch.filter((candidate) => candidate.subject === subject)) {
      for (const decoded of commit.events) if (decoded.known) ids.push(decoded.event.id);
    }
    if ((batch.at(-1)?.sequence ?? 0) >= last) break;
  }
  return ids;
};

test('stores every dispatch once and in order through kills of the server', async () => {
  const lease = await acquireLease(connection, { shard: SHARD, holder: 'one' });
  const writer = makeFencedWriter(connection, { shard: SHARD, lease });
  const subject = logSubject.dispatch(SHARD, 'ex_kills');
  const events = Array.from({ length: 300 }, () => dispatched());
  const appends: Promise<unknown>[] = [];
  for (const [count, event] of events.entries()) {
    appends.push(writer.append(subject, [event]));
    if (count % 20 === 0) await new Promise(setImmediate);
    if (count % 100 !== 99) continue;
    nats.kill();
    await nats.exited;
    nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
  }
  await Promise.all(appends);
  expect(await idsOn(subject)).toEqual(events.map(({ id }) => id));
  writer.close();
});

test('a leader deposed while the server stood still is refused when it goes on', async () => {
  const lease = await acquireLease(connection, { shard: SHARD, holder: 'old' });
  const old = makeFencedWriter(connection, { shard: SHARD, lease });
  const heir = await connectLog({ url: nats.url, name: 'heir' });
  await acquireLease(heir, { shard: SHARD, holder: 'heir' });
  process.kill(nats.pid, 'SIGSTOP');
  const late = old.append(logSubject.dispatch(SHARD, 'ex_late'), [dispatched()]);
  process.kill(nats.pid, 'SIGCONT');
  await expect(late).rejects.toMatchObject({ kind: 'conflict', code: 'lease.lost' });
  expect(await idsOn(logSubject.dispatch(SHARD, 'ex_late'))).toEqual([]);
  await heir.close();
});
