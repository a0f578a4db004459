import { type Position, type RunEvent } from '@millrace/contracts';
import { type AppError } from '@millrace/kernel';
import { completed } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import {
  gather,
  GATHERED_EVENTS_MAX,
  makeGatherQueue,
  PACK_BYTES_MAX,
  PACK_EVENTS_MAX,
  packBody,
  resolvePack,
} from './gather-queue.ts';

const some = (count: number): RunEvent[] => Array.from({ length: count }, () => completed());

describe('gather queue', () => {
  const push = (queue: ReturnType<typeof makeGatherQueue>, events: readonly RunEvent[], subject = 's') => {
    const got: { position?: Position; error?: AppError } = {};
    const settle = {
      resolve: (position: Position) => (got.position = position),
      reject: (e: AppError) => (got.error = e),
    };
    queue.push(gather(subject, events, settle));
    return got;
  };

  test('packs what fits one commit and leaves the rest', () => {
    const queue = makeGatherQueue();
    for (let index = 0; index < PACK_EVENTS_MAX + 10; index += 1) push(queue, some(1));
    expect(queue.takePack()?.events).toBe(PACK_EVENTS_MAX);
    expect(queue.takePack()?.events).toBe(10);
    expect(queue.takePack()).toBeUndefined();
  });

  test('never splits an append, even one larger than a pack', () => {
    const queue = makeGatherQueue();
    push(queue, some(2));
    push(queue, some(PACK_EVENTS_MAX + 1));
    push(queue, some(1));
    expect([queue.takePack(), queue.takePack(), queue.takePack()].map((pack) => pack?.events)).toEqual([2, 257, 1]);
  });

  test('sends an event larger than a pack alone', () => {
    const queue = makeGatherQueue();
    push(queue, some(1));
    push(queue, [completed({ output: 'x'.repeat(PACK_BYTES_MAX) })]);
    push(queue, some(1));
    expect([queue.takePack(), queue.takePack(), queue.takePack()].map((pack) => pack?.members.length)).toEqual([
      1, 1, 1,
    ]);
  });

  test('keeps subjects apart and in order', () => {
    const queue = makeGatherQueue();
    for (const subject of ['a', 'a', 'b', 'a']) push(queue, some(1), subject);
    const packs = [queue.takePack(), queue.takePack(), queue.takePack()];
    expect(packs.map((pack) => [pack?.subject, pack?.events])).toEqual([
      ['a', 2],
      ['b', 1],
      ['a', 1],
    ]);
  });

  test('gives each append the position of its first event', () => {
    const queue = makeGatherQueue();
    const appends = [push(queue, some(2)), push(queue, some(3)), push(queue, some(1))];
    const pack = queue.takePack();
    if (pack !== undefined) resolvePack(pack, 7);
    expect(appends.map(({ position }) => position?.index)).toEqual([0, 2, 5]);
  });

  test('joins the texts to one JSON array', () => {
    const queue = makeGatherQueue();
    const events = some(3);
    push(queue, events.slice(0, 2));
    push(queue, events.slice(2));
    const pack = queue.takePack();
    expect(JSON.parse(pack === undefined ? '' : packBody(pack))).toEqual(events);
  });

  test('refuses what exceeds its bound, and takes again once there is room', () => {
    const queue = makeGatherQueue();
    const full = some(1_000);
    for (let held = 0; held < GATHERED_EVENTS_MAX; held += full.length) push(queue, full);
    expect(push(queue, some(1)).error).toMatchObject({ kind: 'unavailable', code: 'log.overloaded' });
    queue.takePack();
    expect(push(queue, some(1)).error).toBeUndefined();
  });
});
