import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { type TokenRecord } from '@millrace/contracts';
import { sha256Hex } from '@millrace/runtime';
import { mayEnter } from './access.ts';
import { authenticate, bearerText } from './authenticate.ts';

const record = (text: string, expiresAt?: string): TokenRecord => ({
  id: text,
  sha256: sha256Hex(text),
  label: '',
  scopes: ['read'],
  createdAt: '2026-01-01T00:00:00Z',
  ...(expiresAt === undefined ? {} : { expiresAt }),
});
const records = [
  record('good'),
  record('old', '2026-01-01T00:00:00Z'),
  record('young', '2026-01-01T00:00:01Z'),
  record(''),
];
const bySha256 = (hex: string): TokenRecord | undefined => records.find(({ sha256 }) => sha256 === hex);
const clock = { now: () => Date.parse('2026-01-01T00:00:00Z'), monotonic: () => 0 };
const check = (header: string | undefined): string => {
  try {
    return authenticate(bearerText(header), { bySha256 }, clock).id;
  } catch (error) {
    return error instanceof AppError ? error.code : 'bug';
  }
};

describe('authenticate', () => {
  test('knows a token by its digest, until it expires', () => {
    expect([check('Bearer good'), check('Bearer young'), check('Bearer old')]).toEqual([
      'good',
      'young',
      'auth.unauthorized',
    ]);
  });

  // A record of the empty text would let everyone in; so does nothing that is not exactly `Bearer <token>`.
  test.each([undefined, '', 'good', 'Bearer', 'Bearer ', 'bearer good', 'Bearer  good', 'Bearer good ', 'Basic good'])(
    'refuses %j',
    (header) => {
      expect(check(header)).toBe('auth.unauthorized');
    },
  );

  // What is compared with stored tokens is a digest: the time that takes says nothing about how near a guess was.
  test('A6: looks tokens up by digest and in no other way, once for each text, right or wrong', () => {
    const asked: string[] = [];
    const tokens = {
      bySha256: (hex: string) => {
        asked.push(hex);
        return bySha256(hex);
      },
    };
    for (const text of ['good', 'goof', 'x']) {
      try {
        authenticate(text, tokens, clock);
      } catch {
        // Refused: what counts is what was asked.
      }
    }
    expect(asked).toEqual([sha256Hex('good'), sha256Hex('goof'), sha256Hex('x')]);
  });

  test('refuses every other header in the same way', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text !== 'good' && text !== 'young');
        expect([check(text), check(`Bearer ${text}`)]).toEqual(['auth.unauthorized', 'auth.unauthorized']);
      }),
    );
  });
});

test.each<[string, readonly boolean[]]>([
  ['admin', [true, true, true]],
  ['run', [true, true, false]],
  ['run:a/*', [true, true, false]],
  ['jobs:run:scripts:a/b', [true, true, false]],
  ['read', [true, false, false]],
  ['root', [false, false, false]],
])('scope %s enters read, run, admin routes: %j', (scope, expected) => {
  const principal = { id: 'x', scopes: [scope] };
  expect((['read', 'run', 'admin'] as const).map((access) => mayEnter(principal, access))).toEqual(expected);
});
