import { describe, expect, test } from 'vitest';
import { type ConditionScope } from './condition-scope.ts';
import { kestraConditions } from './kestra-conditions.ts';

const PREFIX = 'io.kestra.plugin.core.condition.';
const OLD_PREFIX = 'io.kestra.core.models.conditions.types.';
/** A Saturday, the third of its month. */
const SATURDAY = '2026-11-21T14:30:00Z';

const scope = (body: unknown, now: string | undefined = SATURDAY): ConditionScope => ({
  body,
  headers: {},
  query: {},
  trigger: { body },
  ...(now === '' ? {} : { now: Date.parse(now) }),
});
const matches = (list: unknown, body: unknown = {}, now?: string) => kestraConditions(list).matches(scope(body, now));
const expression = (text: string, type = `${PREFIX}Expression`) => ({ type, expression: text });
const YES = expression('{{ true }}');
const NO = expression('{{ false }}');
const BROKEN = expression('{{ trigger.body.missing }}');

describe('conditions of Kestra', () => {
  test.each([
    `${PREFIX}Expression`,
    `${PREFIX}ExpressionCondition`,
    `${OLD_PREFIX}VariableCondition`,
    `${OLD_PREFIX}ExpressionCondition`,
    'Expression',
  ])('%s is an expression', (type) => {
    const list = [expression("{{ trigger.body.hello == 'world' }}", type)];
    expect(matches(list, { hello: 'world' })).toEqual({ matched: true });
    expect(matches(list, { hello: 'moon' }).matched).toBe(false);
  });

  test.each<[string, unknown, boolean]>([
    ['none', [], true],
    ['all hold', [YES, YES], true],
    ['one does not', [YES, NO], false],
    ['one fails', [YES, BROKEN], false],
    ['Not of false', [{ type: `${PREFIX}Not`, conditions: [NO, NO] }], true],
    ['Not of one that holds', [{ type: `${PREFIX}NotCondition`, conditions: [NO, YES] }], false],
    ['Not of one that fails', [{ type: `${PREFIX}Not`, conditions: [BROKEN] }], false],
    ['Or of one that holds', [{ type: `${OLD_PREFIX}OrCondition`, conditions: [NO, YES] }], true],
    ['Or of none', [{ type: `${PREFIX}Or`, conditions: [NO, NO] }], false],
    ['Or of Not', [{ type: `${PREFIX}Or`, conditions: [{ type: `${PREFIX}Not`, conditions: [NO] }] }], true],
  ])('%s: %j is %s', (_what, list, expected) => {
    expect(matches(list).matched).toBe(expected);
  });

  test.each<[string, Record<string, unknown>, boolean]>([
    ['DateTimeBetween', { after: '2026-11-21T00:00:00Z' }, true],
    ['DateTimeBetween', { after: '2026-11-21T14:30:00Z' }, false],
    ['DateTimeBetween', { after: '2026-01-01T00:00:00Z', before: '2026-11-21T16:00:00+02:00' }, false],
    ['DateTimeBetween', { date: '{{ trigger.body.at }}', before: '2026-01-01T04:16:00Z' }, true],
    ['TimeBetween', { after: '14:00:00Z', before: '15:00:00Z' }, true],
    ['TimeBetween', { after: '15:00:00+01:00', before: '16:00:00+01:00' }, true],
    ['TimeBetween', { before: '14:30:00Z' }, false],
    ['TimeBetween', { date: '{{ trigger.body.at }}', after: '22:00:00-05:00' }, true],
    ['DayWeek', { dayOfWeek: 'SATURDAY' }, true],
    ['DayWeek', { dayOfWeek: 'SUNDAY' }, false],
    ['DayWeek', { date: '{{ trigger.body.at }}', dayOfWeek: 'WEDNESDAY' }, true],
    ['DayWeekInMonth', { dayOfWeek: 'SATURDAY', dayInMonth: 'THIRD' }, true],
    ['DayWeekInMonth', { dayOfWeek: 'SATURDAY', dayInMonth: 'LAST' }, false],
    ['DayWeekInMonth', { date: '2026-11-28T00:00:00Z', dayOfWeek: 'SATURDAY', dayInMonth: 'LAST' }, true],
    ['DayWeekInMonth', { date: '2026-11-01T00:00:00Z', dayOfWeek: 'SUNDAY', dayInMonth: 'FIRST' }, true],
    ['Weekend', {}, true],
    ['Weekend', { date: '{{ trigger.body.at }}' }, false],
  ])('%s of %j: %s', (type, fields, expected) => {
    // In its own zone a Wednesday at 23:15, in UTC a Thursday.
    const body = { at: '2025-12-31T23:15:00-05:00' };
    expect(matches([{ type: PREFIX + type, ...fields }], body).matched).toBe(expected);
  });

  test('a condition about the time fails where the time is not known', () => {
    expect(matches([{ type: `${PREFIX}Weekend` }], {}, '')).toEqual({
      matched: false,
      reason: 'the condition failed: the time is not known here',
    });
  });

  test('a date that is none fails', () => {
    const list = [{ type: `${PREFIX}Weekend`, date: '{{ trigger.body.at }}' }];
    expect(matches(list, { at: 'SECRET' }).reason).toBe(
      'the condition failed: the date of the condition is not a date with a time and an offset',
    );
  });

  test.each<[unknown, string]>([
    [{}, 'conditions: a list'],
    [['x'], 'conditions[0]: an object with a type'],
    [[{}], 'conditions[0].type is missing'],
    [[{ type: `${PREFIX}PublicHoliday` }], 'PublicHoliday is not supported'],
    [[{ type: `${PREFIX}MultipleCondition` }], 'MultipleCondition is about several executions'],
    [[{ type: `${PREFIX}ExecutionStatus` }], 'is not supported; there are Expression, Not, Or'],
    [[{ type: 'com.example.Expression' }], 'com.example.Expression is not supported'],
    [[{ type: 'Expression' }], 'conditions[0].expression is missing'],
    [[expression("{{ secret('X') }}")], 'the function secret() is not supported'],
    [
      [{ type: 'Not', conditions: [{ type: 'DayWeek', dayOfWeek: 'CATURDAY' }] }],
      'conditions[0].conditions[0].dayOfWeek',
    ],
    [[{ type: 'Or', conditions: [] }], 'conditions[0].conditions: a list of conditions'],
    [[{ type: 'DateTimeBetween' }], 'conditions[0]: after or before is missing'],
    [[{ type: 'DateTimeBetween', after: 'now' }], 'conditions[0].after: a date'],
    [[{ type: 'TimeBetween', after: '16:00' }], 'conditions[0].after: a time with an offset'],
    [[{ type: 'DayWeekInMonth', dayOfWeek: 'MONDAY', dayInMonth: 'FIFTH' }], 'dayInMonth: one of FIRST'],
    [[{ type: 'Weekend', date: 1 }], 'conditions[0].date: a text'],
    [Array.from({ length: 51 }, () => YES), 'more than 50 conditions'],
  ])('%j is refused at deploy', (list, message) => {
    expect(() => kestraConditions(list)).toThrow(message);
    expect(() => kestraConditions(list)).toThrow(expect.objectContaining({ code: 'condition.syntax' }) as Error);
  });

  test('a list that contains itself is refused', () => {
    const not: { type: string; conditions: unknown[] } = { type: 'Not', conditions: [] };
    not.conditions.push(not);
    expect(() => kestraConditions([not])).toThrow('more than 50 conditions');
  });
});
