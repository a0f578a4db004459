import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { triggerOf } from '@millrace/testkit';
import { makeBatchBudget } from '../condition/budget.ts';
import { matchTrigger } from './match-trigger.ts';

describe('what expressions may cost', () => {
  const list = Array.from({ length: 44 }, (_, index) => index);
  const scope = (body: unknown) => ({ body, headers: {}, query: {}, trigger: { body, headers: {}, parameters: {} } });
  /** 10,200 units: four times as much fits into a request, five times does not. */
  const costly = 'body.all(x, body.all(y, true))';
  const kestra = {
    type: 'io.kestra.plugin.core.condition.Expression',
    expression: "{{ (trigger.body | json) != '' }}",
  };
  const over = {
    matched: false,
    reason: expect.stringContaining('the expressions cost more than 50000 units') as string,
  };

  test.each<[string, Partial<Trigger>, boolean]>([
    ['four that fit', { conditions: Array.from({ length: 4 }, () => costly) }, true],
    ['as many as there may be', { conditions: Array.from({ length: 50 }, () => costly) }, false],
    ['those of Kestra among them', { conditions: [...Array.from({ length: 4 }, () => costly), kestra, costly] }, false],
  ])('is shared by all conditions of a request: %s', (_what, trigger, matched) => {
    expect(matchTrigger(triggerOf(trigger), () => scope(list))).toEqual(matched ? { matched } : over);
  });

  test('is shared with the mapping', () => {
    const trigger = triggerOf({ conditions: [costly, costly, costly], input: { a: costly, b: costly } });
    expect(() => matchTrigger(trigger, () => scope(list))).toThrow('the expressions cost more than 50000 units');
  });

  test('is there again for the next request', () => {
    const trigger = triggerOf({ conditions: [costly, costly, costly] });
    for (let request = 0; request < 3; request += 1) {
      expect(matchTrigger(trigger, () => scope(list))).toEqual({ matched: true });
    }
  });

  test('is shared by the events of a batch, of which none may cost more than a request', () => {
    const batch = makeBatchBudget();
    const [dear, fitting] = [6, 4].map((count) =>
      triggerOf({ conditions: Array.from({ length: count }, () => costly) }),
    );
    expect(matchTrigger(dear ?? triggerOf(), () => scope(list), batch)).toEqual(over);
    const rulings = Array.from(
      { length: 50 },
      () => matchTrigger(fitting ?? triggerOf(), () => scope(list), batch).matched,
    );
    const last = rulings.indexOf(false);
    expect(last).toBeGreaterThan(5);
    expect(rulings.slice(last)).not.toContain(true);
    expect(matchTrigger(triggerOf(), () => scope(list), batch)).toEqual({ matched: true });
  });
});

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
