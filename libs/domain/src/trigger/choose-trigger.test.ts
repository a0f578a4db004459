import { AppError } from '@millrace/kernel';
import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { chooseTrigger, type Claims, isForTokensOnly } from './choose-trigger.ts';
import { triggerOf } from '@millrace/testkit';

const owned = (trigger: Partial<Trigger>) => ({ workflow: 'a/b', trigger: triggerOf(trigger) });

/** Somebody with a token of these scopes, or without any, who holds the keys of these triggers. */
const caller = (scopes: readonly string[] | undefined, ...keysOf: readonly string[]): Claims => ({
  holdsKeyOf: ({ id }) => keysOf.includes(id),
  scopes: () => {
    if (scopes === undefined) throw new AppError('unauthenticated', 'auth.unauthorized', 'no token');
    return scopes;
  },
});

/** `<verified> <id>`, `nothing`, or the code of the refusal. */
const chosen = (triggers: readonly Partial<Trigger>[], claims: Claims, method = 'POST'): string => {
  try {
    const choice = chooseTrigger(triggers.map(owned), method, claims);
    return choice === undefined ? 'nothing' : `${choice.verified} ${choice.bound.trigger.id}`;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

describe('who may use a trigger', () => {
  const nobody = caller(undefined);
  const withKey = caller(undefined, 't');
  test.each<[Trigger['auth'], string, Claims, string]>([
    ['token', 'nobody', nobody, 'auth.unauthorized'],
    ['token', 'a key only', withKey, 'auth.unauthorized'],
    ['token', 'run', caller(['run']), 'token t'],
    ['token', 'admin', caller(['admin']), 'token t'],
    ['token', 'run:a/b', caller(['run:a/b']), 'token t'],
    ['token', 'run:a/*', caller(['run:a/*']), 'token t'],
    ['token', 'jobs:run:scripts:a/b', caller(['jobs:run:scripts:a/b']), 'token t'],
    ['token', 'run:x/y', caller(['run:x/y']), 'nothing'],
    ['token', 'read', caller(['read']), 'auth.forbidden'],
    ['token', 'no scope', caller([]), 'auth.forbidden'],
    ['workflow_key', 'nobody', nobody, 'auth.unauthorized'],
    ['workflow_key', 'its key', withKey, 'key t'],
    ['workflow_key', 'run:a/b', caller(['run:a/b']), 'token t'],
    ['workflow_key', 'run:a/*', caller(['run:a/*']), 'nothing'],
    ['workflow_key', 'jobs:run:scripts:a/b', caller(['jobs:run:scripts:a/b']), 'token t'],
    ['workflow_key', 'jobs:run:scripts:a/*', caller(['jobs:run:scripts:a/*']), 'nothing'],
    ['workflow_key', 'jobs:run:scripts', caller(['jobs:run:scripts']), 'nothing'],
    ['workflow_key', 'run', caller(['run']), 'nothing'],
    ['workflow_key', 'admin', caller(['admin']), 'nothing'],
    ['workflow_key', 'read', caller(['read']), 'auth.forbidden'],
    ['path_key', 'nobody', nobody, 'nothing'],
    ['path_key', 'its key', withKey, 'key t'],
    ['path_key', 'run:a/b', caller(['run:a/b']), 'nothing'],
    ['path_key', 'admin', caller(['admin']), 'nothing'],
    ['signature', 'nobody', nobody, 'signature t'],
    ['signature', 'a key', withKey, 'signature t'],
    ['public', 'nobody', nobody, 'public t'],
    ['public', 'a wrong token', caller(['read']), 'public t'],
  ])('%s, %s: %s', (auth, _who, claims, expected) => {
    expect(chosen([{ auth }], claims)).toBe(expected);
  });

  test.each<[string, readonly Partial<Trigger>[], Claims, string, string]>([
    ['nothing is there', [], nobody, 'POST', 'nothing'],
    [
      'the key says which',
      [
        { id: 'one', auth: 'path_key' },
        { id: 'two', auth: 'path_key' },
      ],
      caller(undefined, 'two'),
      'POST',
      'key two',
    ],
    [
      'a key comes before what is open to all',
      [
        { id: 'open', auth: 'public' },
        { id: 'locked', auth: 'path_key' },
      ],
      caller(undefined, 'locked'),
      'POST',
      'key locked',
    ],
    [
      'the method says which',
      [
        { id: 'post', auth: 'public', methods: ['POST'] },
        { id: 'get', auth: 'public', methods: ['GET'] },
      ],
      nobody,
      'GET',
      'public get',
    ],
    [
      'no method fits: the first tells what is allowed',
      [
        { id: 'post', auth: 'public', methods: ['POST'] },
        { id: 'get', auth: 'public', methods: ['GET'] },
      ],
      nobody,
      'PUT',
      'public post',
    ],
    [
      'a key of the wrong method does not count for another trigger',
      [
        { id: 'locked', auth: 'path_key', methods: ['POST'] },
        { id: 'open', auth: 'public', methods: ['GET'] },
      ],
      nobody,
      'GET',
      'public open',
    ],
  ])('of several, %s', (...[, triggers, claims, method, expected]) => {
    expect(chosen(triggers, claims, method)).toBe(expected);
  });

  test('a token is not asked for where a key is enough, nor where none is needed', () => {
    expect(chosen([{ auth: 'workflow_key' }], withKey)).toBe('key t');
    expect(chosen([{ auth: 'public' }, { auth: 'token', id: 'other' }], nobody)).toBe('public t');
  });
});

test.each<[readonly Trigger['auth'][], boolean]>([
  [['token', 'token'], true],
  [['token', 'public'], false],
  [['workflow_key'], false],
])('%j is for tokens only: %s', (auths, expected) => {
  expect(isForTokensOnly(auths.map((auth) => owned({ auth })))).toBe(expected);
});
