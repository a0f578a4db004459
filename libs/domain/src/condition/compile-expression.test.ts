import { AppError } from '@millrace/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileExpression } from './compile-expression.ts';
import { compileMapping } from './compile-mapping.ts';
import { type ConditionScope } from './condition-scope.ts';
import { CONDITION_LIMITS } from './limits.ts';

const scope = (body: unknown, others: Partial<ConditionScope> = {}): ConditionScope => ({
  body,
  headers: { 'x-github-event': 'push' },
  query: { page: '2' },
  trigger: { kind: 'webhook' },
  params: { id: '7' },
  ...others,
});
const evaluate = (source: string, body: unknown = null, others: Partial<ConditionScope> = {}): unknown =>
  compileExpression(source).evaluate(scope(body, others));

const thrown = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('an expression', () => {
  test.each<[string, unknown, unknown]>([
    ['body.a', { a: 1 }, 1],
    ['body', 'plain text', 'plain text'],
    ['body', undefined, null],
    ["headers['x-github-event'] + query.page + params.id + trigger.kind", null, 'push27webhook'],
    ['body.count + 1', { count: 2 }, 3],
    ['2 * body.price', { price: 1.5 }, 3],
    ['body.count % 2 == 0', { count: 4 }, true],
    ['body.count >= 3', { count: 3 }, true],
    ['body.list[1].name', { list: [{}, { name: 'x' }] }, 'x'],
    ['body.list.map(x, x.id)', { list: [{ id: 1 }, { id: 2 }] }, [1, 2]],
    ['body.list.filter(x, x > 1)', { list: [1, 2, 3] }, [2, 3]],
    ["'x' in body.list", { list: [1, 'x'] }, true],
    ["'a' in body", { a: null }, true],
    ['has(body.a) ? body.a : "none"', {}, 'none'],
    ['has(body.a) && body.a.b == 1', {}, false],
    ['size(body)', { a: 1, b: 2 }, 2],
    ['{"id": body.id, "tags": ["x", 1]}', { id: 'i' }, { id: 'i', tags: ['x', 1] }],
    ['9223372036854775807', null, '9223372036854775807'],
    ['3u', null, 3],
    ['duration("90s")', null, '90s'],
    ['timestamp(body)', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['cel.bind(x, body.a, x + x)', { a: 'ab' }, 'abab'],
  ])('%s of %j is %j', (source, body, expected) => {
    expect(evaluate(source, body)).toEqual(expected);
  });

  test('knows the time only when it is given', () => {
    expect(evaluate('now.getFullYear()', null, { now: Date.parse('2026-11-21T10:00:00Z') })).toBe(2026);
    expect(thrown(() => evaluate('now.getFullYear()')).message).toContain('this request has no such variable');
  });

  test.each([
    ['body.a ==', { line: 1, column: 10 }, 'Unexpected token'],
    ['true &&\n  nope', { line: 2, column: 3 }, 'Unknown variable: nope'],
    ['headers.foo == 1', { line: 1, column: 1 }, 'no such overload: string == int'],
    ['process.exit()', { line: 1, column: 1 }, 'Unknown variable: process'],
    ['eval("1")', { line: 1, column: 1 }, "found no matching overload for 'eval(string)'"],
    ['bytes(body).json()', { line: 1, column: 1 }, 'json() is not supported'],
    ['body.matches("(?=a)")', { line: 1, column: 1 }, 'look-ahead and look-behind cannot be matched in linear time'],
  ])('%s is refused at deploy, with its place', (source, place, message) => {
    const error = thrown(() => compileExpression(source));
    expect(error).toMatchObject({ kind: 'invalid', code: 'condition.syntax', details: place });
    expect(error.message).toContain(message);
  });

  test.each([
    ['body.secret', 'there is no such field: secret (line 1, column 6)'],
    ['body.a.b', 'there is no such field: b (line 1, column 8)'],
    ['body.text + 1', 'the operator does not go with these types: body.text + 1 (line 1, column 1)'],
    ['bool(body.text)', 'a value does not fit: bool(body.text) (line 1, column 1)'],
    ['duration(body.text)', 'a value does not fit: duration(body.text) (line 1, column 1)'],
    ['headers[body.text]', 'there is no such field: headers[body.text] (line 1, column 1)'],
    ['body.n.matches("a")', 'matches() needs two texts'],
    ['body.text.matches(body.pattern)', 'matches() was given a regular expression that is not supported'],
    ['body.list[5]', 'there is no such element: body.list[5] (line 1, column 1)'],
    ['1 / int(body.zero)', 'division by zero: 1 / int(body.zero) (line 1, column 1)'],
    ['b"bytes"', 'the result is not a JSON value'],
    ['type(body)', 'the result is not a JSON value'],
  ])('%s fails without a value of the request in the message', (source, message) => {
    const body = { text: 'SECRET', pattern: '(?=SECRET)', a: {}, n: 1, list: [], zero: 0 };
    expect(thrown(() => evaluate(source, body))).toMatchObject({ kind: 'invalid', code: 'condition.failed', message });
  });

  test('gives any JSON value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        fc.pre(!JSON.stringify(plain).includes('__proto__'));
        expect(evaluate('body', plain)).toEqual(plain);
      }),
    );
  });
});

describe('attack A19: what comes with a request is data', () => {
  const HOSTILE = ['{{ 1 + 1 }}', '${process.env}', 'body.secret', "'] || true || body['", '<%= 1 %>', '\u0000'];

  test.each(HOSTILE)('the text %j is only ever a text', (text) => {
    expect(evaluate('body.text == "x"', { text })).toBe(false);
    expect(evaluate('body.text', { text })).toBe(text);
    expect(evaluate('headers["x-text"]', null, { headers: { 'x-text': text } })).toBe(text);
  });

  test.each([
    'body.constructor',
    'body.__proto__',
    'body["__proto__"]',
    'body.toString',
    'body.list.length',
    'body.list.constructor',
    'body.text.length',
    'body.text["constructor"]',
    'headers.constructor',
    'trigger.hasOwnProperty',
  ])('%s does not exist', (source) => {
    const body = { list: [1], text: 'x' };
    expect(thrown(() => evaluate(source, body)).code).toMatch(/^condition\.(failed|syntax)$/);
  });

  test('a member __proto__ neither pollutes nor passes for another member', () => {
    const body: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "a": {"__proto__": {}}}');
    expect(evaluate('has(body.polluted)', body)).toBe(false);
    expect(evaluate('body.a == {"x": 1}', body)).toBe(false);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('members with the names of inherited ones are ordinary members', () => {
    expect(evaluate('body.constructor', { constructor: 'mine' })).toBe('mine');
    expect(evaluate('body == {"toString": 1}', { toString: 1 })).toBe(true);
  });
});

describe('attack A19: no evaluation is long', () => {
  const numbers = Array.from({ length: 5_000 }, (_, index) => index);
  const COSTLY: readonly (readonly [string, unknown])[] = [
    ['body.all(x, body.all(y, x == y || true))', numbers],
    ['body.map(x, body.map(y, body.map(z, z)))', numbers],
    ['body.exists(x, body.exists(y, x + y < 0.0))', numbers],
    ['cel.bind(a, body + body, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, size(d + d)))))', numbers],
    ['body.all(x, body == body.filter(y, true))', numbers],
    ['body.all(x, 1 in body)', numbers],
    ['body.text.contains(body.part)', { text: 'a'.repeat(4_000_000), part: `b${'a'.repeat(1_000_000)}` }],
    ['body.text.split("")', { text: 'a'.repeat(1_000_000) }],
    ['body.text.matches("(x+x+)+y")', { text: 'x'.repeat(100_000) }],
    ['[body.text, body.text].join(body.text)', { text: 'a'.repeat(1_000_000) }],
    ['body.all(x, x.missing == 1)', numbers.map(() => ({}))],
    ['body.all(x, x + 1 == 2)', numbers.map(String)],
    [`body.all(x, ${'x.missing || '.repeat(60)} true)`, numbers.slice(0, 100).map(() => ({}))],
    [`body.exists(x, ${'x.missing && '.repeat(60)} false)`, numbers.slice(0, 100).map(() => ({}))],
    ['body.all(t, t.matches("^(a|b|c)*$"))', numbers.map(() => 'abcabcabc')],
    ['body.matches("[\\\\p{Lu}\\\\p{Nd}\\\\p{Greek}]+x")', 'ж'.repeat(20_000)],
    [
      'body.list.all(p, body.text.matches(p) || true)',
      { text: 'a', list: numbers.map(() => `[${'\\p{Lu}'.repeat(100)}]`) },
    ],
    ['body.list.all(p, body.text.matches(p) || true)', { text: 'a', list: numbers.map(() => '(a|b|c){1,90}') }],
    ['body.all(x, timestamp("2026-11-21T10:00:00Z").getHours("Europe/Berlin") == 11)', numbers.slice(0, 20)],
    ['body.list.all(t, body.text.lowerAscii() == t || true)', { list: numbers.map(String), text: 'A'.repeat(10_000) }],
  ];

  test.each(COSTLY)('%s stops at its cost', (source, body) => {
    const error = thrown(() => evaluate(source, body));
    expect(error.code).toBe('condition.failed');
    expect(error.message).toContain(`the expressions cost more than ${CONDITION_LIMITS.costMax} units`);
  });

  test('an evaluation that is stopped has no result, whatever stands behind it', () => {
    expect(thrown(() => evaluate('body.all(x, body.all(y, true)) || true', numbers)).code).toBe('condition.failed');
  });

  test('a text does not double without end', () => {
    const source = 'cel.bind(a, body + body, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, size(d)))))';
    expect(thrown(() => evaluate(source, 'x'.repeat(100_000))).message).toContain('a text of more than 1048576');
  });

  test('an ordinary condition over a large list is not stopped, and the next one starts anew', () => {
    const expression = compileExpression('body.exists(x, x == 4999)');
    for (let count = 0; count < 10; count += 1) expect(expression.evaluate(scope(numbers))).toBe(true);
  });

  test.each<readonly [string, unknown]>([
    ['body.all(x, size(body) > 0)', numbers],
    ['body.list.all(x, x in body.allowed)', { list: numbers.slice(0, 200), allowed: numbers.slice(0, 200) }],
    ['body.exists(x, x.missing == 1 || x.id == 999)', numbers.slice(0, 1_000).map((id) => ({ id }))],
    ['body.matches("(?i)^[a-z0-9._%+-]+@[a-z0-9.-]+$")', `${'Some.Body'.repeat(20)}@Example.com`],
    ['body.contains("a word")', `${'text '.repeat(100_000)}a word`],
    [
      'body.all(t, t.matches("^refs/(heads|tags)/[A-Za-z0-9._/-]+$"))',
      numbers.slice(0, 100).map((n) => `refs/heads/branch-${n}`),
    ],
    ['body.a == body.b', { a: numbers, b: [...numbers] }],
  ])('%s is not stopped', (source, body) => {
    expect(evaluate(source, body)).toBe(true);
  });

  test('traces of errors are as long as they were', () => {
    const before = Error.stackTraceLimit;
    expect(thrown(() => evaluate('body.all(x, x.missing)', numbers)).code).toBe('condition.failed');
    expect(Error.stackTraceLimit).toBe(before);
  });

  test.each([
    ['a source', `"${'x'.repeat(CONDITION_LIMITS.sourceLengthMax)}"`],
    ['nodes', '1+'.repeat(CONDITION_LIMITS.nodesMax) + '1'],
    ['brackets', '('.repeat(100) + '1' + ')'.repeat(100)],
    ['negations', '!'.repeat(4_000) + 'true'],
    ['members', 'body' + '.a'.repeat(100)],
    ['elements', `[${'1,'.repeat(CONDITION_LIMITS.elementsMax)}1]`],
    ['arguments', `size(${'1,'.repeat(CONDITION_LIMITS.argumentsMax)}1)`],
  ])('too many %s are refused at deploy', (_what, source) => {
    expect(thrown(() => compileExpression(source)).code).toBe('condition.syntax');
  });

  test.each<readonly [string, unknown]>([
    ['lists', JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))],
    ['objects', JSON.parse('{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000))],
  ])('a payload of %s that is nested too deeply fails', (_what, deep) => {
    for (const source of ['size(body) > 0', 'size(trigger.body) > 0']) {
      const error = thrown(() => evaluate(source, deep, { trigger: { body: deep } }));
      expect(error.message).toBe('the request is nested deeper than 100 levels');
    }
  });

  test('what no expression looks at is not read, and what two names mean is read once', () => {
    let reads = 0;
    const body = {
      get member() {
        reads += 1;
        return 1;
      },
    };
    const trigger = { body };
    expect(evaluate('query.page == "2"', body, { trigger })).toBe(true);
    expect(reads).toBe(0);
    expect(evaluate('body.member == 1 && trigger.body.member == 1', body, { trigger })).toBe(true);
    expect(reads).toBe(1);
  });

  test('every text is refused or compiled, and then gives a value or fails', () => {
    const word = fc.constantFrom(
      'body',
      '.a',
      '[0]',
      '==',
      '&&',
      '(',
      ')',
      '1',
      '"x"',
      '.matches("a+")',
      'has(',
      '?',
      ':',
      '+',
      'in',
      '[',
      ']',
      '!',
    );
    const codes = ['condition.syntax', 'condition.failed'];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        fc.jsonValue(),
        (source, body) => {
          try {
            evaluate(source, body);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect(codes).toContain((error as AppError).code);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a mapping', () => {
  test('makes the input of a run', () => {
    const map = compileMapping({ ref: 'body.ref', event: "headers['x-github-event']" });
    expect(map(scope({ ref: 'main' }))).toEqual({ ref: 'main', event: 'push' });
  });

  test('names the entry that is wrong', () => {
    expect(thrown(() => compileMapping({ good: '1', bad: 'nope' }))).toMatchObject({
      code: 'condition.syntax',
      message: 'bad: line 1, column 1: Unknown variable: nope',
      details: { line: 1, column: 1, name: 'bad' },
    });
    const map = compileMapping({ ref: 'body.ref' });
    expect(thrown(() => map(scope({})))).toMatchObject({ code: 'condition.failed', details: { name: 'ref' } });
  });

  test('can make an entry of any name', () => {
    const input = compileMapping(JSON.parse('{"__proto__": "1"}') as Record<string, string>)(scope(null));
    expect(Object.entries(input)).toEqual([['__proto__', 1]]);
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
  });
});
