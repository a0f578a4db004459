import { AppError } from '@millrace/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';

const matches = (pattern: string, text: string, scope: 'part' | 'whole' = 'part'): boolean =>
  compilePattern(pattern).run(text, { scope }).matched;

describe('a pattern', () => {
  test.each<[string, string, boolean]>([
    ['', '', true],
    ['abc', 'xabcx', true],
    ['^abc$', 'xabc', false],
    ['a.c', 'a\nc', false],
    ['(?s)a.c', 'a\nc', true],
    ['(?i)HELLO', 'hello', true],
    ['(?i:A)b', 'ab', true],
    ['(?i:A)b', 'aB', false],
    ['(?-i)a', 'A', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['a|b|', 'c', true],
    ['^(main|release/[0-9]+\\.[0-9]+)$', 'release/1.20', true],
    ['^(main|release/[0-9]+\\.[0-9]+)$', 'release/1.x', false],
    ['a{3}', 'aa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{2,3}$', 'aaaa', false],
    ['x{,2}', 'x{,2}', true],
    ['a{', 'a{', true],
    ['^a??b*?c+?$', 'bbc', true],
    ['[a-c]', 'b', true],
    ['[^a-c]', 'b', false],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['[\\d\\-x]', '-', true],
    ['[[:alpha:]_]+', '1_', true],
    ['[[:^alpha:]]', 'a', false],
    ['\\bcat\\b', 'a cat!', true],
    ['\\bcat\\b', 'concat', false],
    ['\\Bcat', 'concat', true],
    ['\\w+@\\w+\\.com', 'me@example.com', true],
    ['\\x41\\x{1F600}', 'A😀', true],
    ['^.$', '😀', true],
    ['\\p{Lu}', 'É', true],
    ['\\P{Lu}', 'É', false],
    ['\\p{Greek}', 'λ', true],
    ['\\pN', '7', true],
    ['(?P<year>\\d{4})-(?<month>\\d\\d)', '2026-11', true],
    ['\\Aab\\z', 'ab', true],
    ['\\.\\*\\/', '.*/', true],
  ])('%s in %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test('can be asked for the whole text', () => {
    expect(matches('a+', 'xaax', 'whole')).toBe(false);
    expect(matches('a+', 'aaa', 'whole')).toBe(true);
    expect(matches('a|ab', 'ab', 'whole')).toBe(true);
  });

  test.each([
    ['(?=a)', 'this kind of group is not supported'],
    ['(?<!a)', 'this kind of group is not supported'],
    ['(a)\\1', 'references to groups are not supported'],
    ['\\q', 'the escape \\q is not supported'],
    ['a**', 'a repetition is repeated'],
    ['*a', 'there is nothing to repeat'],
    ['(a', ') is missing'],
    ['a)', 'there is a ) without a ('],
    ['[a', '] is missing'],
    ['[z-a]', 'upside down'],
    ['a{3,2}', 'upside down'],
    ['a{1001}', 'more than 1000 repetitions'],
    ['\\p{Nothing}', 'no such Unicode class'],
    ['[[:nothing:]]', 'no such class'],
    ['\\x{110000}', 'no such character'],
    ['a'.repeat(1_001), 'longer than 1000 characters'],
    ['('.repeat(100), 'nested too deeply'],
    ['(((a{100}){100}){100})', 'more than 2000 instructions'],
    ['((((){1000}){1000}){1000})', 'more than 2000 instructions'],
  ])('%s is refused', (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message);
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'condition.syntax' }) as Error);
  });

  test('agrees with RegExp', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(?:ab)', '(a*)', '\\w', '\\b', '^', '$');
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{1,2}', '*?'))
      .map(([one, count]) => ('\\b^$'.includes(one) ? one : one + count));
    const pattern = fc.array(fc.oneof(piece, fc.constant('|')), { maxLength: 6 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-'), maxLength: 8 }), (source, text) => {
        expect(matches(source, text)).toBe(new RegExp(source).test(text));
        expect(matches(source, text, 'whole')).toBe(new RegExp(`^(?:${source})$`).test(text));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('attack A19: time is linear, counted in steps', () => {
  const BACKTRACKING = [
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    '(a*)*$',
    '(.*a){12}$',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '((a+)+)+$',
  ];

  test.each(BACKTRACKING)('%s takes twice the steps for twice the text', (source) => {
    const pattern = compilePattern(source);
    const steps = (length: number) => pattern.run(`${'a'.repeat(length)}!`, { scope: 'part' }).steps;
    expect(steps(24)).toBeLessThanOrEqual(26 * pattern.instructions);
    expect(steps(2_000)).toBeLessThanOrEqual(2_002 * pattern.instructions);
    expect(steps(2_000) / steps(1_000)).toBeLessThan(2.1);
  });

  test('no pattern and no text takes more steps than characters times instructions', () => {
    const source = fc.string({
      unit: fc.constantFrom('a', 'b', '(', ')', '|', '*', '+', '?', '.', '{2}', '^', '$'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(source, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 }), (source, text) => {
        try {
          const pattern = compilePattern(source);
          const { steps } = pattern.run(text, { scope: 'part' });
          expect(steps).toBeLessThanOrEqual((text.length + 1) * pattern.instructions);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect(error.code).toBe('condition.syntax');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test.each<[string, number]>([
    ['[a-z0-9_.-]+x', 0],
    ['[\\p{Lu}\\p{Nd}]+x', 4],
    [`[${'\\p{Lu}'.repeat(100)}]x`, 149],
    ['(?i)ab', 6],
    [`[${'ж'.repeat(64)}]`, 7],
  ])('the tests of %s weigh %i steps more, for characters beyond ASCII only', (source, excess) => {
    const pattern = compilePattern(source);
    const steps = (text: string) => pattern.run(text, { scope: 'part' }).steps;
    expect(pattern.excess).toBe(excess);
    expect(steps('~'.repeat(100))).toBeLessThanOrEqual(101 * pattern.instructions);
    expect(steps('語'.repeat(100))).toBeLessThanOrEqual(101 * (pattern.instructions + excess));
    if (excess > 0) expect(steps('語'.repeat(100))).toBeGreaterThan(steps('~'.repeat(100)));
  });

  test('a pattern that was stopped begins anew', () => {
    const pattern = compilePattern('^(a+)+$');
    const stop = new Error('enough');
    const onSteps = () => {
      throw stop;
    };
    const run = (text: string) => pattern.run(text, { scope: 'part' });
    const before = run('aaa');
    expect(() => pattern.run('aaab', { scope: 'part', onSteps })).toThrow(stop);
    expect([run('aaa'), run('aab').matched]).toEqual([before, false]);
  });

  test('it can be stopped', () => {
    const stop = new Error('enough');
    let steps = 0;
    const onSteps = (more: number) => {
      steps += more;
      if (steps > 100) throw stop;
    };
    expect(() => compilePattern('(a+)+$').run('a'.repeat(10_000), { scope: 'part', onSteps })).toThrow(stop);
  });
});
