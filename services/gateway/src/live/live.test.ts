import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCursor, parseCursor, START } from './cursor.ts';
import { isBehind, messageOfEvent } from './messages.ts';
import { makeStreamSlots } from './stream-slots.ts';
import { type LiveItem, makeTap } from './tap.ts';

const position = fc.record({ sequence: fc.integer({ min: 0, max: 1e12 }), index: fc.integer({ min: 0, max: 99_999 }) });

describe('cursor', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(position, position, (event, output) => {
        expect(parseCursor(formatCursor({ event, output }))).toEqual({ event, output });
      }),
    );
  });

  test.each([undefined, null, '', '1', '1.2', '1.2-3', '1.2-3-4-5', 'x-1-2', '-1.2-3-4', "1.2-3-4'"])(
    '%j is the start',
    (text) => {
      expect(parseCursor(text)).toEqual(START);
    },
  );
});

test('a place is behind another one in the order of the log', () => {
  const at = (sequence: number, index: number) => ({ sequence, index });
  expect(isBehind(at(2, 0), at(1, 9))).toBe(true);
  expect(isBehind(at(1, 1), at(1, 0))).toBe(true);
  expect(isBehind(at(1, 0), at(1, 0))).toBe(false);
  expect(isBehind(at(1, 9), at(2, 0))).toBe(false);
});

test('an event of a type that is not known yet is no message', () => {
  const run = { id: 'r', traceId: undefined, isOver: false };
  const event = {
    position: { sequence: 1, index: 0 },
    type: 'dev.millrace.run.new.v1',
    time: '',
    attempt: 1,
    data: {},
  };
  expect(messageOfEvent(run, event)).toBeUndefined();
});

const chunk = (text: string): LiveItem => ({
  kind: 'chunk',
  chunk: { position: { sequence: 1, index: 0 }, attempt: 1, stream: 'stdout', time: '', text },
});

describe('tap', () => {
  test('gives what was pushed, in order, once', async () => {
    const tap = makeTap(() => undefined);
    const waiting = tap.take();
    tap.push(chunk('a'));
    expect(await waiting).toEqual([chunk('a')]);
    tap.push(chunk('b'));
    tap.push(chunk('c'));
    expect(await tap.take()).toEqual([chunk('b'), chunk('c')]);
    expect(await tap.take(0)).toEqual([]);
  });

  test('lags beyond its bound, says so once, and keeps nothing', async () => {
    let lagged = 0;
    const tap = makeTap(() => (lagged += 1));
    for (let i = 0; i < 10; i += 1) tap.push(chunk('x'.repeat(1_048_576)));
    expect([lagged, tap.state(), await tap.take()]).toEqual([1, 'lagged', []]);
  });

  test('wakes its reader when it ends', async () => {
    const tap = makeTap(() => undefined);
    const waiting = tap.take();
    tap.end();
    expect([await waiting, tap.state()]).toEqual([[], 'ended']);
  });
});

describe('stream slots', () => {
  test('are bounded by token and given back once', () => {
    const slots = makeStreamSlots();
    const releases = Array.from({ length: 500 }, () => slots.take('a'));
    expect(() => slots.take('a')).toThrow(/too many/);
    slots.take('b')();
    releases[0]?.();
    releases[0]?.();
    expect(slots.count()).toBe(499);
    expect(() => slots.take('a')).not.toThrow();
    expect(() => slots.take('a')).toThrow(/too many/);
  });

  test('are bounded in all', () => {
    const slots = makeStreamSlots();
    for (let i = 0; i < 2_000; i += 1) slots.take(`token ${i}`);
    expect(() => slots.take('another')).toThrow(/too many/);
  });
});
