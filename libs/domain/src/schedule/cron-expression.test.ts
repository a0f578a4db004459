import { kindOf, messageOf } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { parseCron } from './cron-expression.ts';

const refusal = (text: string): string => {
  try {
    parseCron(text);
  } catch (error) {
    expect(kindOf(error)).toBe('invalid');
    return messageOf(error);
  }
  throw new Error(`"${text}" was taken`);
};

describe('a cron expression', () => {
  test('has five fields, or six with seconds in front', () => {
    expect(parseCron('5 3 * * *')).toMatchObject({ seconds: [0], minutes: [5], hours: [3], isEveryHour: false });
    expect(parseCron('*/20 5 * * * *')).toMatchObject({ seconds: [0, 20, 40], minutes: [5], isEveryHour: true });
    for (const text of ['', '* * * *', '* * * * * * *', 'x'.repeat(300)]) expect(refusal(text)).toMatch(/five fields/);
  });

  test.each([
    ['1,2,40 * * * *', [1, 2, 40]],
    ['10-13 * * * *', [10, 11, 12, 13]],
    ['10-30/10 * * * *', [10, 20, 30]],
    ['50/3 * * * *', [50, 53, 56, 59]],
    ['7,5,7 * * * *', [5, 7]],
  ])('%s has the minutes %j', (text, minutes) => {
    expect(parseCron(text).minutes).toEqual(minutes);
  });

  test('takes names of months and days, and 7 as Sunday', () => {
    expect([...parseCron('0 0 * JAN,mar *').months]).toEqual([1, 3]);
    const { matchesDay } = parseCron('0 0 * * fri-7');
    expect([0, 1, 4, 5, 6].map((day) => matchesDay(1, day))).toEqual([true, false, false, true, true]);
  });

  test('lets either day match where both are restricted, else both have to', () => {
    const either = parseCron('0 0 13 * fri').matchesDay;
    expect([either(13, 1), either(12, 5), either(12, 1)]).toEqual([true, true, false]);
    const both = parseCron('0 0 */2 * fri').matchesDay;
    expect([both(13, 5), both(12, 5), both(13, 1)]).toEqual([true, false, false]);
  });

  test.each([
    ['@hourly', '0 * * * *'],
    ['@daily', '0 0 * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@yearly', '0 0 1 1 *'],
  ])('%s is %s', (alias, text) => {
    const known = parseCron(text);
    expect(parseCron(alias)).toMatchObject({ minutes: known.minutes, hours: known.hours, months: known.months });
  });

  test.each([
    ['60 * * * *', 'minute "60" is not between 0 and 59'],
    ['* 24 * * *', 'hour "24" is not between 0 and 23'],
    ['* * 0 * *', 'day of month "0" is not between 1 and 31'],
    ['* * * 13 *', 'month "13" is not between 1 and 12'],
    ['* * * * someday', 'day of week "someday" is not between 0 and 7'],
    ['5-1 * * * *', 'minute "5-1" ends before it begins'],
    ['1-2-3 * * * *', 'minute "1-2-3" has too many hyphens'],
    ['*/0 * * * *', 'minute "*/0" has no step that can be used'],
    ['*/5/5 * * * *', 'minute "*/5/5" has no step that can be used'],
    ['1,,2 * * * *', 'minute "" is not between 0 and 59'],
    ['-1 * * * *', 'minute "" is not between 0 and 59'],
    ['@reboot', /five fields/],
  ])('refuses %s and says why', (text, reason) => {
    expect(refusal(text)).toMatch(reason);
  });
});
