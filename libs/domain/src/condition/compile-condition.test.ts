import { AppError } from '@millrace/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition } from './compile-condition.ts';
import { compileTemplate } from './compile-template.ts';
import { type ConditionScope } from './condition-scope.ts';
import { CONDITION_LIMITS } from './limits.ts';

const scope = (body: unknown): ConditionScope => ({
  body,
  headers: { 'x-github-event': 'push' },
  query: {},
  trigger: { body, headers: { 'x-github-event': ['push'] }, parameters: { page: ['2'] } },
});
const matched = (source: string, body: unknown = {}) => compileCondition(source).matches(scope(body));

describe('a condition in CEL', () => {
  test('matches, or says that it is false or how it failed', () => {
    expect(matched('body.a == 1', { a: 1 })).toEqual({ matched: true });
    expect(matched('body.a == 1', { a: 2 })).toEqual({ matched: false, reason: 'the condition is false: body.a == 1' });
    expect(matched('body.a == 1')).toEqual({
      matched: false,
      reason: 'the condition failed: there is no such field: a (line 1, column 6)',
    });
    expect(matched('body.a', { a: 'SECRET' })).toEqual({
      matched: false,
      reason: 'the condition failed: the result is neither true nor false',
    });
  });

  test('must give true or false as far as the checker can tell', () => {
    expect(() => compileCondition('1 + 1')).toThrow('the condition gives int, neither true nor false');
  });

  test('a template with text before it is no condition: it would always be true', () => {
    expect(() => compileCondition('x{{ false }}')).toThrow(
      expect.objectContaining({ code: 'condition.syntax' }) as Error,
    );
  });
});

describe("a condition in Kestra's form", () => {
  test.each<[string, unknown, boolean]>([
    ["{{ trigger.body.hello == 'world' }}", { hello: 'world' }, true],
    ["{{ trigger.body.hello == 'world' }}", { hello: 'moon' }, false],
    ["{{ trigger.body['hello'] != 'world' }}", { hello: 'moon' }, true],
    ["{{ trigger.headers['X-GitHub-Event'][0] == 'push' }}", {}, true],
    ["{{ trigger.parameters.page[0] == '2' }}", {}, true],
    ['{{ trigger.parameters.page[0] == 2 }}', {}, false],
    ['{{ trigger.body.n > 3 and trigger.body.n <= 5 }}', { n: 4 }, true],
    ['{{ trigger.body.n < 3 or trigger.body.n >= 5 }}', { n: 4 }, false],
    ['{{ not (trigger.body.n == 4) }}', { n: 4 }, false],
    ['{{ true or false and false }}', {}, true],
    ['{{ trigger.body.a is defined }}', {}, false],
    ['{{ trigger.body.a is not defined }}', {}, true],
    ['{{ trigger.body.a is null }}', { a: null }, true],
    ['{{ trigger.body.a.b.c ?? false }}', {}, false],
    ["{{ trigger.body.a ?? 'x' == 'x' }}", { a: null }, true],
    ["{{ trigger.body.a ??? 'x' }}", { a: null }, false],
    ["{{ trigger.body.ok ? 'yes' : '' }}", { ok: true }, true],
    ["{{ trigger.body.ok ? 'yes' : '' }}", { ok: false }, false],
    ["{{ trigger.body.tags contains 'a' }}", { tags: ['a'] }, true],
    ["{{ trigger.body.tags contains ['a', 'b'] }}", { tags: ['a'] }, false],
    ["{{ trigger.body.text contains 'b' }}", { text: 'abc' }, true],
    ["{{ trigger.body contains 'text' }}", { text: '' }, true],
    ["{{ trigger.body.action in ['opened', 'closed'] }}", { action: 'closed' }, true],
    ["{{ trigger.body.ref matches 'refs/heads/.*' }}", { ref: 'refs/heads/main' }, true],
    ["{{ trigger.body.ref matches 'heads' }}", { ref: 'refs/heads/main' }, false],
    ['{{ trigger.body.list == [1, 2] }}', { list: [1, 2] }, true],
    ["{{ trigger.body.name | lower == 'a' }}", { name: 'A' }, true],
    ["{{ trigger.body.name | upper | trim == 'A' }}", { name: ' a ' }, true],
    ['{{ trigger.body.list | length == 2 }}', { list: [1, 2] }, true],
    ["{{ trigger.body.a | default('x') == 'x' }}", {}, true],
    ['{{ trigger.body.a | json == \'{"b":1}\' }}', { a: { b: 1 } }, true],
    ['{{ trigger.body.list | first == 1 and trigger.body.list | last == 2 }}', { list: [1, 2] }, true],
    ['{{ trigger.body.n | abs == 4 }}', { n: -4 }, true],
    ["{{ trigger.body.ref | startsWith('refs/') }}", { ref: 'refs/x' }, true],
    ["{{ 'a' ~ 1 == 'a1' }}", {}, true],
    ['{{ 1 + 2 * 3 == 7 }}', {}, true],
    ['{{ -trigger.body.n == 1 }}', { n: -1 }, true],
    ["{{ '}}' == '}}' }}", {}, true],
    ['{{- true -}}', {}, true],
  ])('%s of %j: %s', (source, body, expected) => {
    expect(matched(source, body)).toMatchObject({ matched: expected });
  });

  test.each<[string, boolean]>([
    ['{{ 0 }}', true],
    ["{{ 'no' }}", true],
    ['{{ false }}', false],
    ["{{ ' false ' }}", false],
    ["{{ '' }}", false],
    ['{{ null }}', false],
    ["{{ 'fal' }}{{ 'se' }}", false],
    ["{{ 'fal' }} {{ 'se' }}", true],
  ])('%s is %s: only blank and `false` are false', (source, expected) => {
    expect(matched(source).matched).toBe(expected);
  });

  test('text and values are put together', () => {
    const source = 'a {{ trigger.body.s }} b {{ trigger.body.l }}{{ trigger.body.n }}';
    expect(compileTemplate(source).evaluate(scope({ s: 'x', l: [1], n: null }))).toBe('a x b [1]');
  });

  test.each([
    ["{{ trigger.body.a == 'x' }}", 'there is no trigger.body.a'],
    ["{{ trigger.body.a.b == 'x' }}", 'there is no trigger.body.a'],
    ["{{ trigger.body.text.b == 'x' }}", 'trigger.body.text has no members'],
    ["{{ not trigger.body.text == 'x' }}", 'not needs true or false'],
    ['{{ trigger.body.text > 1 }}', '> needs a number'],
    [
      '{{ trigger.body.text matches trigger.body.pattern }}',
      'matches was given a regular expression that is not supported',
    ],
    ['{{ trigger.body.list | first }}', 'there is no first element'],
  ])('%s fails without a value of the request in the reason', (source, reason) => {
    const outcome = matched(source, { text: 'SECRET', pattern: '(?=SECRET)', list: [] });
    expect(outcome.matched).toBe(false);
    expect(outcome.reason).toContain(`the condition failed: ${reason}`);
    expect(outcome.reason).not.toContain('SECRET');
  });

  test.each([
    ["{{ secret('X') }}", 'the function secret() is not supported'],
    ["{{ trigger.body | jq('.a') }}", 'the filter jq is not supported'],
    ['{{ inputs.a }}', 'inputs is not known to a condition'],
    ['{{ trigger.body.getClass() }}', 'the method getClass() is not supported'],
    ['{{ trigger.body is even }}', 'the test even is not supported'],
    ['{{ {"a": 1} }}', 'objects are not supported'],
    ['{{ 1..3 }}', '.. is not supported here'],
    ['{{ true }}{% if true %}', 'tags {% … %} are not supported'],
    ['{{ true }}{# x #}', 'comments {# … #} are not supported'],
    ['{{ true', '}} is missing'],
    ['{{ }}', 'a value is missing before }}'],
    ['{{ (1 }}', ') is missing'],
    ["{{ 'a' | default }}", 'the filter default takes one argument'],
    ['{{ @ }}', 'this cannot be read'],
    [`{{ ${'('.repeat(100)} }}`, 'nested deeper than 32 levels'],
    [`{{ ${'not '.repeat(100)}true }}`, 'nested deeper than 32 levels'],
    [`{{ 1 ${'+ 1'.repeat(600)} }}`, 'more than 500 words and signs'],
    [`{{ trigger${'.a'.repeat(40)} }}`, 'too many members of members'],
    [`{{ '${'x'.repeat(CONDITION_LIMITS.sourceLengthMax)}' }}`, 'longer than 4096 characters'],
  ])('%s is refused at deploy', (source, message) => {
    expect(() => compileCondition(source)).toThrow(message);
    expect(() => compileCondition(source)).toThrow(expect.objectContaining({ code: 'condition.syntax' }) as Error);
  });

  test('says the line and the column', () => {
    expect(() => compileCondition("{{ true and\n  secret('X') }}")).toThrow(
      expect.objectContaining({ details: { line: 2, column: 3 } }) as Error,
    );
  });
});

describe("attacks A19 and A20 on Kestra's form", () => {
  test.each(['{{ 1 + 1 }}', '${1 + 1}', "{{ trigger.body['class'] }}", '}}{{ true }}'])(
    'the text %j stays a text',
    (text) => {
      expect(compileTemplate('{{ trigger.body.text }}').evaluate(scope({ text }))).toBe(text);
    },
  );

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is not defined', (name) => {
    expect(matched(`{{ trigger.body.${name} is defined }}`).matched).toBe(false);
    expect(matched(`{{ trigger['${name}'] is defined }}`).matched).toBe(false);
    expect(matched(`{{ trigger.body contains '${name}' }}`).matched).toBe(false);
  });

  test.each([
    ["{{ trigger.body.text matches '(a+)+' }}", { text: `${'a'.repeat(24)}!` }, 'the condition is false'],
    ["{{ trigger.body.text matches '(x+x+)+y' }}", { text: 'x'.repeat(200_000) }, 'cost more than'],
    [
      '{{ trigger.body.text contains trigger.body.part }}',
      { text: 'a'.repeat(3_000_000), part: `b${'a'.repeat(100_000)}` },
      'cost more than',
    ],
    ['{{ trigger.body.text ~ trigger.body.text }}', { text: 'a'.repeat(600_000) }, 'a text of more than 1048576'],
    [
      '{{ trigger.body.list contains trigger.body.large }}',
      {
        list: Array.from({ length: 5_000 }, () => ({})),
        large: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, 1])),
      },
      'cost more than',
    ],
    [
      "{{ trigger.body.text matches '[\\\\p{Lu}\\\\p{Nd}\\\\p{Greek}]*' }}",
      { text: 'Ж'.repeat(20_000) },
      'cost more than',
    ],
    ['{{ trigger.body | json }}', Array.from({ length: 200_000 }, () => 0), 'cost more than'],
  ])('%s cannot hang', (source, body, reason) => {
    expect(matched(source, body)).toMatchObject({ matched: false, reason: expect.stringContaining(reason) as string });
  });

  test('a payload that is nested without end fails', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    expect(matched('{{ trigger.body == trigger.body and (trigger.body | json) }}', deep).matched).toBe(false);
  });

  test('every text is refused or compiled, and then matches or not', () => {
    const word = fc.constantFrom(
      'trigger',
      '.body',
      "['a']",
      '==',
      'and',
      'not',
      '(',
      ')',
      '1',
      "'x'",
      '|',
      'lower',
      'is',
      'defined',
      '?',
      ':',
      '??',
      'in',
      '[',
      ']',
      'matches',
      '}}',
      '{{',
    );
    const source = fc.array(word, { maxLength: 12 }).map((words) => `{{ ${words.join(' ')} }}`);
    fc.assert(
      fc.property(source, fc.jsonValue(), (text, body) => {
        try {
          expect(typeof matched(text, body).matched).toBe('boolean');
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect(error.code).toBe('condition.syntax');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
