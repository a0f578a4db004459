import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { triggerOf } from '@millrace/testkit';
import { matchTrigger } from './match-trigger.ts';

describe('conditions and mapping', () => {
  const scope = (body: unknown) => ({ body, headers: {}, query: {}, trigger: { body, headers: {}, parameters: {} } });
  const kestra = { type: 'io.kestra.plugin.core.condition.Expression', expression: "{{ trigger.body.a == 'x' }}" };
  test.each<[Partial<Trigger>, unknown, unknown]>([
    [{}, { a: 'x' }, { matched: true }],
    [{ conditions: ['body.a == "x"'] }, { a: 'x' }, { matched: true }],
    [
      { conditions: ['body.a == "x"'] },
      { a: 'y' },
      { matched: false, reason: 'the condition is false: body.a == "x"' },
    ],
    [{ conditions: ['body.a == "x"', 'body.b == 1'] }, { a: 'x', b: 1 }, { matched: true }],
    [
      { conditions: ['body.a == "x"', 'body.b == 1'] },
      { a: 'x', b: 2 },
      { matched: false, reason: 'the condition is false: body.b == 1' },
    ],
    [{ conditions: [kestra] }, { a: 'x' }, { matched: true }],
    [{ conditions: [kestra] }, { a: 'y' }, { matched: false, reason: expect.any(String) }],
    [{ input: { b: 'body.a' } }, { a: 'x' }, { matched: true, input: { b: 'x' } }],
    [
      { conditions: ['body.a == "y"'], input: { b: 'body.missing' } },
      { a: 'x' },
      { matched: false, reason: 'the condition is false: body.a == "y"' },
    ],
  ])('%j of %j: %j', (trigger, body, expected) => {
    expect(matchTrigger(triggerOf(trigger), () => scope(body))).toEqual(expected);
  });

  test('a mapping that cannot be made is the fault of the request', () => {
    const trigger = triggerOf({ input: { b: 'body.missing' } });
    expect(() => matchTrigger(trigger, () => scope({}))).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'condition.failed' }) as Error,
    );
  });

  test('nothing of a request is looked at without an expression, and it is read once with several', () => {
    let reads = 0;
    const scopeOf = () => {
      reads += 1;
      return scope({ a: 1 });
    };
    matchTrigger(triggerOf(), scopeOf);
    expect(reads).toBe(0);
    matchTrigger(triggerOf({ conditions: ['body.a == 1', 'true'], input: { a: 'body.a' } }), scopeOf);
    expect(reads).toBe(1);
  });
});
