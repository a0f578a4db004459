import { describe, expect, test } from 'vitest';
import { compileKey, KEY_LENGTH_MAX } from './compile-key.ts';

describe('a key over the input', () => {
  test.each([
    ['input.customer', { customer: 'acme' }, 'acme'],
    ['input.n', { n: 7 }, '7'],
    ['input.n', { n: 1.5 }, '1.5'],
    ['input.on', { on: true }, 'true'],
    ['input.a + "/" + input.b', { a: 'x', b: 'y' }, 'x/y'],
    ['has(input.team) ? input.team : "none"', {}, 'none'],
    ['"one"', null, 'one'],
  ])('%s of %j is %s', (source, input, key) => {
    expect(compileKey(source)(input)).toBe(key);
  });

  test.each([
    ['input.customer', {}, 'there is no such field'],
    ['input.list', { list: [1] }, 'a key is a text, a number, true or false'],
    ['input.text', { text: 'x'.repeat(KEY_LENGTH_MAX + 1) }, 'longer than 256 characters'],
  ])('%s of %j is refused, without a value of it', (source, input, reason) => {
    expect(() => compileKey(source)(input)).toThrow(
      expect.objectContaining({ kind: 'invalid', message: expect.stringContaining(reason) }),
    );
  });

  test.each(['input.', 'body.x', '[1, 2]', '{"a": 1}', 'now'])('%s is refused at deploy', (source) => {
    expect(() => compileKey(source)).toThrow(expect.objectContaining({ code: 'condition.syntax' }));
  });
});
