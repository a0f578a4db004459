import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeValueRedactor } from './value-redactor.ts';

const SECRET = 'pa$$ w&rd/"ä+1?';
const redactor = makeValueRedactor([SECRET]);
const inBase64 = (text: string): string => Buffer.from(text).toString('base64');

const streamed = (secrets: readonly string[], pieces: readonly string[]): string => {
  const stream = makeValueRedactor(secrets).stream();
  return pieces.map((piece) => stream.push(piece)).join('') + stream.end();
};

describe('a text', () => {
  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a URL, lower case', encodeURIComponent(SECRET).replace(/%../g, (one) => one.toLowerCase())],
    ['in a form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['in base64', inBase64(SECRET)],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
  ])('loses the value %s', (_, form) => {
    expect(redactor.text(`before ${form} after`)).toBe('before *** after');
  });

  test.each(['u:', 'us:', 'usr:'])('loses the value inside of the base64 text of "%s<value>@host"', (user) => {
    const text = inBase64(`${user}${SECRET}@host`);
    expect(redactor.text(text)).toContain('***');
    expect(Buffer.from(redactor.text(text).replaceAll('***', ''), 'base64').toString()).not.toContain(
      SECRET.slice(2, -2),
    );
  });

  test('loses every line of a value of several lines', () => {
    const { text } = makeValueRedactor(['-----BEGIN KEY-----\nMIIEvgIBADANBgkq\r\n-----END KEY-----\n']);
    expect(text('error: MIIEvgIBADANBgkq is wrong')).toBe('error: *** is wrong');
  });

  test('loses the longest of several values that begin alike', () => {
    expect(makeValueRedactor(['abcd', 'abcdefgh']).text('abcdefgh abcd')).toBe('*** ***');
  });

  test.each([
    ['…rd-and-battery!', '…***!'],
    ['it is horse-staple-a…', 'it is ***…'],
  ])('loses a value that was cut at a mark: %s', (text, expected) => {
    expect(makeValueRedactor(['horse-staple-a-word-and-battery']).text(text)).toBe(expected);
  });

  test('keeps values that are too short to be told from words', () => {
    expect(makeValueRedactor(['abc']).text('abc')).toBe('abc');
  });
});

describe('a stream', () => {
  test('loses a value however it is cut into pieces', () => {
    const value = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom('a', 'b', 'c', '\n', '"') });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 3 }),
        fc.array(fc.string({ maxLength: 5, unit: fc.constantFrom('a', 'b', 'c', '\n') })),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
        (secrets, noise, lengths) => {
          const text = noise.flatMap((one, index) => [one, secrets[index % secrets.length] ?? '']).join('');
          const pieces: string[] = [];
          for (let at = 0; at < text.length;) {
            const length = lengths[pieces.length % lengths.length] ?? 1;
            pieces.push(text.slice(at, at + length));
            at += length;
          }
          const written = streamed(secrets, pieces);
          for (const secret of secrets) expect(written).not.toContain(secret);
          expect(streamed(secrets, [text])).toBe(written);
        },
      ),
    );
  });

  test('passes on at once what can be no secret', () => {
    const stream = makeValueRedactor(['swordfish']).stream();
    expect([
      stream.push('the sw'),
      stream.push('an '),
      stream.push('sword'),
      stream.push('fish!'),
      stream.end(),
    ]).toEqual(['the ', 'swan ', '', '***!', '']);
  });

  test('hides the better part of a value that is cut off by the end, and shows what is short', () => {
    expect(streamed(['correct-horse'], ['a correct-ho'])).toBe('a ***');
    expect(streamed(['correct-horse'], ['it is cor'])).toBe('it is cor');
  });

  test('shows a text without secrets as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const text = pieces.join('');
        fc.pre(!text.includes('ecre') && !text.includes(CANARY.slice(0, 8)));
        expect(streamed([CANARY], pieces)).toBe(text);
      }),
    );
  });

  test('takes time in proportion to its length', () => {
    const secret = 'a'.repeat(65_536);
    const started = performance.now();
    streamed(
      [secret, 'xyz-xyz'],
      Array.from({ length: 16 }, () => `${'a'.repeat(30_000)}${'xyz-xyz'.repeat(4_000)}`),
    );
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

const CANARY = 'ecret-canary-value';

describe('JSON', () => {
  test('loses values in texts, keys and numbers, and keeps everything else', () => {
    const { json } = makeValueRedactor(['123456', 'hunter22']);
    const value = { a: ['x hunter22', 1_234_567, 12, null, true], hunter22: { b: 'ok' } };
    expect(json(value)).toEqual({ a: ['x ***', '***', 12, null, true], '***': { b: 'ok' } });
  });

  test('is not looked into without end', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(() => makeValueRedactor(['hunter22']).json(deep)).not.toThrow();
  });
});
