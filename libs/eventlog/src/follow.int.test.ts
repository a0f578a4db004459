import { logStream, logSubject } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { completed, eventually, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acquireLease,
  connectLog,
  ensureTopology,
  follow,
  logBounds,
  makeEventWriter,
  type EventWriter,
  type LogConnection,
} from './index.ts';
import { handleOf, managerOf } from './nats-handle.ts';

const receivedBytes = (of: LogConnection): number => handleOf(of).nats.stats().inBytes;
const consumersOf = async (of: LogConnection): Promise<readonly string[]> => {
  const { consumers } = await managerOf(of);
  const infos = await consumers.list(logStream(SHARD)).next();
  return infos.map(({ name }) => name);
};
const countConsumers = async (of: LogConnection): Promise<number> => (await consumersOf(of)).length;
const deleteConsumers = async (of: LogConnection): Promise<void> => {
  const { consumers } = await managerOf(of);
  for (const name of await consumersOf(of)) await consumers.delete(logStream(SHARD), name);
};

const SHARD = 0;
const dataDir = makeTempFolder('eventlog-follow');
let nats: Awaited<ReturnType<typeof startNats>>;
let connection: LogConnection;
let writer: EventWriter;

beforeAll(async () => {
  nats = await startNats({ dataDir, durability: 'strict' });
  connection = await connectLog({ url: nats.url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 512 * 1024 * 1024 });
  const subject = logSubject.commit(SHARD);
  writer = makeEventWriter(connection, {
    shard: SHARD,
    subject,
    inFlightMax: 2,
    timeoutMs: 500,
    retry: 'until-closed',
  });
});
afterAll(async () => {
  await writer.close();
  await connection.close();
  await nats.stop();
});

const restart = async (): Promise<void> => {
  nats.kill();
  await nats.exited;
  nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
};

/** Follows in the background; `sequences` grows as commits arrive. */
const record = (fromSequence: number, subjects?: readonly string[]) => {
  const stop = new AbortController();
  const sequences: number[] = [];
  const done = (async () => {
    const options = { shard: SHARD, fromSequence, signal: stop.signal, ...(subjects ? { subjects } : {}) };
    for await (const batch of follow(connection, options)) for (const { sequence } of batch) sequences.push(sequence);
  })();
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  return { sequences, end };
};

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, step) => from + step);

describe('follow', () => {
  test('yields history, then what is appended', async () => {
    await writer.append([completed(), completed()]);
    const { last } = await logBounds(connection, SHARD);
    const { sequences, end } = record(0);
    await eventually(() => expect(sequences).toEqual(range(1, last)));
    await writer.append([completed()]);
    await eventually(() => expect(sequences).toEqual(range(1, last + 1)));
    await end();
  });

  test('has neither gap nor repeat when the server is killed again and again', async () => {
    const { last: before } = await logBounds(connection, SHARD);
    const { sequences, end } = record(before + 1);
    let isOver = false;
    const load = Promise.all(
      range(1, 20).map(async () => {
        while (!isOver) await writer.append([completed()]);
      }),
    );
    for (let round = 0; round < 3; round += 1) {
      const seen = sequences.length;
      await eventually(() => expect(sequences.length).toBeGreaterThan(seen + 50));
      await restart();
    }
    isOver = true;
    await load;
    const { last } = await logBounds(connection, SHARD);
    await eventually(() => expect(sequences.at(-1)).toBe(last));
    expect(sequences).toEqual(range(before + 1, last));
    await end();
  });

  test('goes on after the server stood still', async () => {
    const { last: before } = await logBounds(connection, SHARD);
    const { sequences, end } = record(before + 1);
    await writer.append([completed()]);
    await eventually(() => expect(sequences).toHaveLength(1));
    process.kill(nats.pid, 'SIGSTOP');
    const append = writer.append([completed()]);
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // longer than the silence that makes the reader begin anew
    process.kill(nats.pid, 'SIGCONT');
    await append;
    await eventually(() => expect(sequences).toEqual(range(before + 1, before + 2)));
    await end();
  });

  test('goes on when the server forgets its consumers', async () => {
    const { last: before } = await logBounds(connection, SHARD);
    const { sequences, end } = record(before + 1);
    await writer.append([completed()]);
    await eventually(() => expect(sequences).toHaveLength(1));
    await deleteConsumers(connection);
    await writer.append([completed()]);
    await eventually(() => expect(sequences).toEqual([before + 1, before + 2]));
    await end();
  });

  test('yields only the subjects that are asked for', async () => {
    const { last: before } = await logBounds(connection, SHARD);
    const { sequences, end } = record(before + 1, [logSubject.lease(SHARD)]);
    await writer.append([completed()]);
    const { sequence } = await acquireLease(connection, { shard: SHARD, holder: 'x' });
    await writer.append([completed()]);
    await eventually(() => expect(sequences).toEqual([sequence]));
    await end();
  });

  const MESSAGES = 64;
  test('reads no further ahead than its buffer when its reader stands still', async () => {
    const { last: before } = await logBounds(connection, SHARD);
    // in packs of one: two of these are larger than a pack
    const output = 'x'.repeat(640 * 1024);
    await Promise.all(range(1, MESSAGES).map((count) => writer.append([completed({ output: `${count}${output}` })])));
    const stop = new AbortController();
    const batches = follow(connection, { shard: SHARD, fromSequence: before + 1, signal: stop.signal, maxBatch: 1 });
    const received = receivedBytes(connection);
    await batches.next();
    await eventually(() => expect(receivedBytes(connection) - received).toBeGreaterThan(4 * 1024 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 500)); // time to read on, which it must not use
    expect(receivedBytes(connection) - received).toBeLessThan(24 * 1024 * 1024);
    const rest: number[] = [];
    for await (const [commit] of batches) {
      rest.push(commit?.sequence ?? 0);
      if (rest.length === MESSAGES - 1) break;
    }
    expect(rest).toEqual(range(before + 2, before + MESSAGES));
    stop.abort();
  });

  test('ends when its signal aborts, and leaves no consumer behind', async () => {
    const { end } = record(1);
    await eventually(async () => expect(await countConsumers(connection)).toBe(1));
    await end();
    await eventually(async () => expect(await countConsumers(connection)).toBe(0));
  });

  test('throws when the connection is closed', async () => {
    const other = await connectLog({ url: nats.url, name: 'other' });
    const { last } = await logBounds(connection, SHARD);
    const batches = follow(other, { shard: SHARD, fromSequence: last + 1, signal: new AbortController().signal });
    const next = batches.next();
    await other.close();
    await expect(next).rejects.toMatchObject({ code: 'log.closed' });
  });

  test('throws when the log ends before the position that its reader has already seen', async () => {
    const { last } = await logBounds(connection, SHARD);
    const options = { shard: SHARD, fromSequence: last + 2, signal: new AbortController().signal };
    await expect(follow(connection, options).next()).rejects.toMatchObject({ code: 'log.rewound' });
  });
});
