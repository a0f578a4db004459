import { logSubject, type RunEvent } from '@millrace/contracts';
import { claimNats, completed, dispatched, requested } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acquireLease,
  connectLog,
  ensureTopology,
  logBounds,
  makeFencedWriter,
  readCommit,
  recordKeyed,
  type LogConnection,
} from './index.ts';

const SHARD = 0;
let connection: LogConnection;
beforeAll(async () => {
  connection = await connectLog({ url: claimNats().url, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 64 * 1024 * 1024 });
});
afterAll(() => connection.close());

const target = logSubject.dispatch(SHARD, 'ex_1');

describe('lease and fenced writer', () => {
  test('the holder writes, and readers see a lease as a commit without events', async () => {
    const lease = await acquireLease(connection, { shard: SHARD, holder: 'one' });
    expect(await readCommit(connection, SHARD, lease.sequence)).toMatchObject({ events: [] });
    const writer = makeFencedWriter(connection, { shard: SHARD, lease });
    const event = dispatched();
    const { sequence } = await writer.append(target, [event]);
    expect(await readCommit(connection, SHARD, sequence)).toMatchObject({ subject: target, events: [{ event }] });
    writer.close();
  });

  test('a deposed holder is refused, writes nothing, and stays refused', async () => {
    const old = makeFencedWriter(connection, {
      shard: SHARD,
      lease: await acquireLease(connection, { shard: SHARD, holder: 'old' }),
    });
    await old.append(target, [dispatched()]);
    const heir = makeFencedWriter(connection, {
      shard: SHARD,
      lease: await acquireLease(connection, { shard: SHARD, holder: 'heir' }),
    });
    const { last } = await logBounds(connection, SHARD);
    const refused = { kind: 'conflict', code: 'lease.lost' };
    const late = [old.append(target, [dispatched()]), old.append(logSubject.decision(SHARD), [completed()])];
    for (const append of late) await expect(append).rejects.toMatchObject(refused);
    await expect(old.append(target, [dispatched()])).rejects.toMatchObject(refused);
    expect((await logBounds(connection, SHARD)).last).toBe(last);
    await heir.append(target, [dispatched()]);
    heir.close();
  });

  test('of two that reach for the lease at once, the log knows one holder', async () => {
    const rivals = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((holder) => acquireLease(connection, { shard: SHARD, holder })),
    );
    const leases = rivals.filter((rival) => rival.status === 'fulfilled').map(({ value }) => value);
    const writers = leases.map((lease) => makeFencedWriter(connection, { shard: SHARD, lease }));
    const writes = await Promise.allSettled(writers.map((writer) => writer.append(target, [dispatched()])));
    expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const writer of writers) writer.close();
  });

  test('keeps the order of calls over subjects, and packs those of one subject', async () => {
    const lease = await acquireLease(connection, { shard: SHARD, holder: 'packer' });
    const writer = makeFencedWriter(connection, { shard: SHARD, lease });
    const subjects = Array.from({ length: 300 }, (_, count) => logSubject.dispatch(SHARD, `ex_${count < 200 ? 1 : 2}`));
    const positions = await Promise.all(subjects.map((subject) => writer.append(subject, [dispatched()])));
    const order = positions.map(({ sequence, index }) => sequence * 1_000 + index);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(positions.map(({ sequence }) => sequence)).size).toBeLessThan(6);
    writer.close();
  });

  test('stores the same events once however often they are appended', async () => {
    const lease = await acquireLease(connection, { shard: SHARD, holder: 'repeater' });
    const writer = makeFencedWriter(connection, { shard: SHARD, lease });
    const events: RunEvent[] = [dispatched()];
    const first = await writer.append(target, events);
    expect(await writer.append(target, events)).toEqual(first);
    writer.close();
  });
});

describe('keyed request', () => {
  test('the first is recorded, all others learn of it', async () => {
    const events = Array.from({ length: 20 }, () => requested());
    const outcomes = await Promise.all(
      events.map((event) => recordKeyed(connection, { shard: SHARD, keyHash: 'k1', event, timeoutMs: 2_000 })),
    );
    const recorded = outcomes.filter(({ outcome }) => outcome === 'recorded');
    expect(recorded).toHaveLength(1);
    for (const { event, position } of outcomes) {
      expect(event).toEqual(recorded[0]?.event);
      expect(position).toEqual(recorded[0]?.position);
    }
  });

  test('repeating the same request finds it recorded', async () => {
    const request = { shard: SHARD, keyHash: 'k2', event: requested(), timeoutMs: 2_000 };
    const first = await recordKeyed(connection, request);
    expect(await recordKeyed(connection, request)).toEqual(first);
  });
});
