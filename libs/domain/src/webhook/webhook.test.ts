import { DAY, HOUR, MINUTE, SECOND } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { GIVE_UP_AFTER, nextAttemptAt, parseRetryAfter, WEBHOOK_SCHEDULE } from './delivery-schedule.ts';
import { afterFailure, attemptsAllowed, type EndpointHealth, HEALTHY, isHopeless } from './endpoint-health.ts';
import { eventsOf, expandEvents, interestsOf } from './event-filter.ts';

const NOW = 1_000_000;

describe('the schedule', () => {
  test('is at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, and then over', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => {
      const at = nextAttemptAt({ failures, now: NOW, schedule: WEBHOOK_SCHEDULE, chance: 0 });
      return at === undefined ? undefined : at - NOW;
    });
    const [h, m] = [HOUR, MINUTE];
    expect(pauses).toEqual([5 * SECOND, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 10 * h, undefined]);
  });

  test('a pause is at most a tenth longer by chance', () => {
    expect(nextAttemptAt({ failures: 1, now: NOW, schedule: WEBHOOK_SCHEDULE, chance: 1 })).toBe(NOW + 5_500);
  });

  test('a receiver may ask for a longer pause, up to a day, and not for a shorter one', () => {
    const asking = (retryAfter: number) =>
      Number(nextAttemptAt({ failures: 2, now: 0, schedule: WEBHOOK_SCHEDULE, retryAfter, chance: 0 }));
    expect([asking(SECOND), asking(HOUR), asking(9 * DAY)]).toEqual([5 * MINUTE, HOUR, DAY]);
  });

  test.each([
    ['120', 120_000],
    [' 5 ', 5_000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    [new Date(NOW - 90_000).toUTCString(), undefined],
    ['soon', undefined],
    ['-1', undefined],
    [undefined, undefined],
  ])('Retry-After %j is %j ms', (text, expected) => {
    expect(parseRetryAfter(text, NOW)).toBe(expected);
  });
});

describe('an endpoint that fails', () => {
  const failing = (times: number): EndpointHealth => {
    let health = HEALTHY;
    for (let count = 0; count < times; count += 1) health = afterFailure(health, NOW);
    return health;
  };

  test('is tried as before four times, then left in peace for longer and longer', () => {
    expect(attemptsAllowed(failing(4), NOW, 4)).toBe(4);
    const pauses = [5, 6, 7, 8, 30].map((times) => failing(times).pauseUntil - NOW);
    expect(pauses).toEqual([5, 10, 20, 40, 300].map((seconds) => seconds * SECOND));
  });

  test('is tried by one at a time after the pause', () => {
    const health = failing(5);
    expect(attemptsAllowed(health, health.pauseUntil - 1, 4)).toBe(0);
    expect(attemptsAllowed(health, health.pauseUntil, 4)).toBe(1);
  });

  test('is left in peace for as long as it asks', () => {
    expect(afterFailure(HEALTHY, NOW, MINUTE).pauseUntil).toBe(NOW + MINUTE);
  });

  test('is hopeless after five days without a success', () => {
    const health = afterFailure(HEALTHY, NOW);
    expect([isHopeless(health, NOW + GIVE_UP_AFTER - 1), isHopeless(health, NOW + GIVE_UP_AFTER)]).toEqual([
      false,
      true,
    ]);
    expect(afterFailure(health, NOW + DAY).failingSince).toBe(NOW);
    expect(isHopeless(HEALTHY, NOW + 9 * DAY)).toBe(false);
  });
});

describe('filters', () => {
  test('groups stand for their events', () => {
    expect([...expandEvents(['run.ended', 'token.created'])].sort()).toEqual([
      'run.cancelled',
      'run.completed',
      'run.failed',
      'run.rejected',
      'run.timed_out',
      'token.created',
    ]);
  });

  test('only what is wanted is read', () => {
    expect(interestsOf(['run.attempt.lost'])).toEqual({
      runs: ['run.attempt-lost.>'],
      workflows: false,
      tokens: false,
    });
    expect(interestsOf(['run.*', 'workflow.deployed'])).toEqual({ runs: ['run.>'], workflows: true, tokens: false });
    expect(interestsOf(['token.*'])).toEqual({ runs: [], workflows: false, tokens: true });
  });

  test('a name that is not known is refused, with what was probably meant', () => {
    expect(() => eventsOf(['run.complete'], 'millrace')).toThrow(
      'there is no event run.complete: did you mean run.completed?',
    );
    expect(() => eventsOf(['token.created'], 'windmill')).toThrow(/has no message for token.created/);
    expect(eventsOf(undefined, 'windmill')).toEqual(['workflow.deployed', 'workflow.removed']);
  });
});
