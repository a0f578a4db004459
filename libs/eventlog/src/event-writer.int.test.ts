import { logSubject, type RunEvent } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { claimNats, completed, eventually, makeTempFolder, started } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectLog, ensureTopology, logBounds, readCommit, type LogConnection } from './index.ts';
import { type EventWriterOptions, makeEventWriter } from './event-writer.ts';

const MIB = 1024 * 1024;
const SHARD = 0;
const defaults: EventWriterOptions = {
  shard: SHARD,
  subject: logSubject.commit(SHARD),
  inFlightMax: 4,
  timeoutMs: 2_000,
  retry: 'never',
};

const idsOf = async (connection: LogConnection): Promise<string[]> => {
  const { first, last } = await logBounds(connection, SHARD);
  const ids: string[] = [];
  for (let sequence = first; sequence <= last; sequence += 1) {
    const commit = await readCommit(connection, SHARD, sequence);
    for (const decoded of commit?.events ?? []) if (decoded.known) ids.push(decoded.event.id);
  }
  return ids;
};

describe('event writer on a healthy server', () => {
  let connection: LogConnection;
  beforeAll(async () => {
    connection = await connectLog({ url: claimNats().url, name: 'test' });
    await ensureTopology(connection, { logMaxBytes: 64 * MIB });
  });
  afterAll(() => connection.close());

  test('resolves with the position at which the events can be read', async () => {
    const writer = makeEventWriter(connection, defaults);
    const events = [started(), completed()];
    const { sequence, index } = await writer.append(events);
    const commit = await readCommit(connection, SHARD, sequence);
    expect(index).toBe(0);
    expect(commit?.events).toEqual(events.map((event) => ({ known: true, event })));
    await writer.close();
  });

  test('packs what many callers append at once, and tells each its own position', async () => {
    let commits = 0;
    const writer = makeEventWriter(connection, { ...defaults, onCommit: () => (commits += 1) });
    const appended = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const event = completed();
        return { event, position: await writer.append([event]) };
      }),
    );
    expect(commits).toBeLessThan(20);
    for (const { event, position } of appended.slice(0, 50)) {
      const commit = await readCommit(connection, SHARD, position.sequence);
      expect(commit?.events[position.index]).toEqual({ known: true, event });
    }
    await writer.close();
  });

  test('refuses what is larger than the server takes', async () => {
    const writer = makeEventWriter(connection, { ...defaults, retry: 'until-closed' });
    await expect(writer.append([completed({ output: 'x'.repeat(9 * MIB) })])).rejects.toMatchObject({
      kind: 'too_large',
      code: 'log.too_large',
    });
    await writer.append([completed()]);
    await writer.close();
  });

  test('refuses appends once it is closed', async () => {
    const writer = makeEventWriter(connection, defaults);
    const last = writer.append([completed()]);
    await writer.close();
    await expect(last).resolves.toMatchObject({ index: 0 });
    await expect(writer.append([completed()])).rejects.toMatchObject({ code: 'log.closed' });
  });

  test('says that the log is full', async () => {
    const small = await connectLog({ url: claimNats().url, name: 'small' });
    await ensureTopology(small, { logMaxBytes: MIB });
    const writer = makeEventWriter(small, defaults);
    const fill = async (): Promise<void> => {
      for (let tries = 0; tries < 20; tries += 1) await writer.append([completed({ output: 'x'.repeat(MIB / 8) })]);
    };
    await expect(fill()).rejects.toMatchObject({ kind: 'unavailable', code: 'log.full', retryAfterSeconds: 1 });
    await writer.close();
    await small.close();
  });
});

describe('event writer on a server that fails', () => {
  const dataDir = makeTempFolder('eventlog-writer');
  let nats: Awaited<ReturnType<typeof startNats>>;
  let connection: LogConnection;
  beforeAll(async () => {
    nats = await startNats({ dataDir, durability: 'strict' });
    connection = await connectLog({ url: nats.url, name: 'test' });
    await ensureTopology(connection, { logMaxBytes: 64 * MIB });
  });
  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });
  const restart = async (): Promise<void> => {
    nats.kill();
    await nats.exited;
    nats = await startNats({ dataDir, durability: 'strict', port: nats.port });
  };

  test('says that the outcome is unknown when no acknowledgement comes in time', async () => {
    const writer = makeEventWriter(connection, { ...defaults, timeoutMs: 300 });
    process.kill(nats.pid, 'SIGSTOP');
    const startedAt = performance.now();
    try {
      await expect(writer.append([completed()])).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'log.unknown_outcome',
        retryAfterSeconds: 1,
      });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    } finally {
      process.kill(nats.pid, 'SIGCONT');
    }
    await eventually(() => writer.append([completed()]));
    await writer.close();
  });

  test('refuses in time what could not leave because everything in flight is stuck', async () => {
    const writer = makeEventWriter(connection, { ...defaults, timeoutMs: 300, inFlightMax: 1 });
    process.kill(nats.pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      const stuck = writer.append([completed()]);
      await new Promise(setImmediate); // it is in flight now, and the only one that may be
      const [first, second] = await Promise.allSettled([stuck, writer.append([completed()])]);
      expect(first).toMatchObject({ reason: { code: 'log.unknown_outcome' } });
      expect(second).toMatchObject({ status: 'rejected', reason: { kind: 'unavailable' } });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    } finally {
      process.kill(nats.pid, 'SIGCONT');
    }
    await writer.close();
  });

  test('stores everything once and in order through kills of the server when it repeats until closed', async () => {
    const writer = makeEventWriter(connection, { ...defaults, inFlightMax: 1, retry: 'until-closed', timeoutMs: 500 });
    const events: RunEvent[] = [];
    const appends: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 200; count += 1) {
        const event = completed();
        events.push(event);
        appends.push(writer.append([event]));
        if (count % 50 === 0) await new Promise(setImmediate);
      }
      await restart();
    }
    await Promise.all(appends);
    const own = new Set(events.map(({ id }) => id));
    // What the tests before gave up may still arrive: its outcome was unknown.
    const stored = (await idsOf(connection)).filter((id) => own.has(id));
    expect(stored).toEqual([...own]);
    await writer.close();
  });

  test('gives up what is pending when it is aborted', async () => {
    const writer = makeEventWriter(connection, { ...defaults, retry: 'until-closed' });
    process.kill(nats.pid, 'SIGSTOP');
    try {
      const append = writer.append([completed()]);
      writer.abort();
      await expect(append).rejects.toMatchObject({ code: 'log.closed' });
      expect(writer.pending()).toBe(0);
    } finally {
      process.kill(nats.pid, 'SIGCONT');
    }
  });
});
