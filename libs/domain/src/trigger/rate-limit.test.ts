import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeRateLimiter } from './rate-limit.ts';

const LIMIT = { requests: 3, per: 60 };

test('lets through as many as the limit says, then one for each share of the window', () => {
  const limiter = makeRateLimiter(100);
  const at = (ms: number) => limiter.take('a', LIMIT, ms);
  expect([at(0), at(0), at(0)].map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 2],
    [true, 1],
    [true, 0],
  ]);
  expect(at(0)).toEqual({ allowed: false, limit: 3, remaining: 0, retryAfterSeconds: 20, resetSeconds: 60 });
  expect(at(19_999)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
  expect(at(20_000)).toMatchObject({ allowed: true, remaining: 0 });
  expect(at(80_000)).toMatchObject({ allowed: true, remaining: 2 });
});

test('keys do not count for each other', () => {
  const limiter = makeRateLimiter(100);
  for (let n = 0; n < 3; n += 1) limiter.take('a', LIMIT, 0);
  expect(limiter.take('a', LIMIT, 0).allowed).toBe(false);
  expect(limiter.take('b', LIMIT, 0).allowed).toBe(true);
});

test('no more than the limit in any window, whenever they come', () => {
  fc.assert(
    fc.property(
      fc.record({ requests: fc.integer({ min: 1, max: 20 }), per: fc.integer({ min: 1, max: 60 }) }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 200 }),
      (limit, gaps) => {
        const limiter = makeRateLimiter(100);
        let now = 0;
        const passed: number[] = [];
        for (const gap of gaps) {
          now += gap;
          if (limiter.take('a', limit, now).allowed) passed.push(now);
        }
        // The whole bucket and what is refilled while it is used: twice the limit is never passed in a window, and the mean never exceeded.
        const most = limit.requests + (now * limit.requests) / (limit.per * 1_000);
        expect(passed.length).toBeLessThanOrEqual(Math.floor(most + 1e-6) + 1);
      },
    ),
  );
});

test('what it says about the next request is true', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 600 }),
      fc.nat(1_000_000),
      (requests, per, start) => {
        const limiter = makeRateLimiter(100);
        for (let n = 0; n < requests; n += 1) expect(limiter.take('a', { requests, per }, start).allowed).toBe(true);
        const refused = limiter.take('a', { requests, per }, start);
        expect(refused.allowed).toBe(false);
        expect(limiter.take('a', { requests, per }, start + refused.retryAfterSeconds * 1_000).allowed).toBe(true);
      },
    ),
  );
});

test('a flood of other keys forgets nobody while there is room, and never grows beyond its bound', () => {
  const limiter = makeRateLimiter(50);
  for (let n = 0; n < 3; n += 1) limiter.take('busy', LIMIT, 0);
  for (let n = 0; n < 49; n += 1) limiter.take(`other ${n}`, LIMIT, 1);
  expect(limiter.take('busy', LIMIT, 2).allowed).toBe(false);
  for (let n = 0; n < 10_000; n += 1) limiter.take(`flood ${n}`, LIMIT, 3);
  expect(limiter.size()).toBe(50);
});

test('forgets keys that owe nothing, and never holds more than its bound', () => {
  const limiter = makeRateLimiter(10);
  for (let n = 0; n < 1_000; n += 1) limiter.take(`k${n}`, LIMIT, n);
  expect(limiter.size()).toBeLessThanOrEqual(10);
});
