import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allows, canonicalScope, maySeeRun, namesItsWorkflows, namesWorkflow, startsSomething } from './scopes.ts';
import { isWorkflowPath, matchesPattern } from './workflow-path.ts';

describe('isWorkflowPath', () => {
  test.each(['backup/db-full', 'f/ops/deploy', 'a/b'])('takes %s', (path) => {
    expect(isWorkflowPath(path)).toBe(true);
  });

  test.each([
    '',
    'a',
    'a/',
    '/a',
    'a//b',
    '../b',
    'a/../b',
    'a/b.sh',
    'a/b\n',
    'a/ü',
    'a\\b',
    'a/b\0',
    'a/%2e',
    `a/${'b'.repeat(200)}`,
  ])('refuses %j', (path) => {
    expect(isWorkflowPath(path)).toBe(false);
  });
});

describe('matchesPattern', () => {
  test.each([
    ['backup/db-full', 'backup/db-full'],
    ['backup/*', 'backup/db-full'],
    ['backup/*', 'backup/eu/db'],
    ['*/deploy', 'f/ops/deploy'],
    ['*', 'a/b'],
    ['a*b*c', 'a/b/c'],
    ['a/**', 'a/b'],
    ['*a*a*', 'x/aa'],
  ])('%s fits %s', (pattern, path) => {
    expect(matchesPattern(pattern, path)).toBe(true);
  });

  test.each([
    ['backup/*', 'backups/db'],
    ['backup/*', 'x/backup/db'],
    ['backup/db', 'backup/db-full'],
    ['backup/db*db', 'backup/db'],
    ['*a*a*', 'x/a'],
    ['', 'a/b'],
    ['a.b', 'a/b'],
  ])('%s does not fit %s', (pattern, path) => {
    expect(matchesPattern(pattern, path)).toBe(false);
  });

  test('says what the regular expression of the same pattern says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, path) => {
        const expression = new RegExp(`^${pattern.split('*').join('.*')}$`, 's');
        expect(matchesPattern(pattern, path)).toBe(expression.test(path));
      }),
    );
  });

  test('is quick for a hostile pattern', () => {
    const started = performance.now();
    expect(matchesPattern('a*'.repeat(50_000), `${'a'.repeat(100_000)}b`)).toBe(true);
    expect(matchesPattern(`${'a*'.repeat(50_000)}c`, 'a'.repeat(100_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('allows', () => {
  test.each([
    [['admin'], 'admin', undefined, true],
    [['admin'], 'run', 'a/b', true],
    [['read'], 'read', undefined, true],
    [['read'], 'read', 'a/b', true],
    [['read'], 'run', 'a/b', false],
    [['read'], 'admin', undefined, false],
    [['run'], 'run', 'a/b', true],
    [['run'], 'read', 'a/b', true],
    [['run'], 'admin', undefined, false],
    [['run:a/b'], 'run', 'a/b', true],
    [['run:a/b'], 'read', 'a/b', true],
    [['run:a/b'], 'run', 'a/c', false],
    [['run:a/b'], 'read', 'a/c', false],
    [['run:a/b'], 'read', undefined, false],
    [['run:a/*', 'read'], 'read', 'x/y', true],
    [['run:a/*', 'read'], 'run', 'x/y', false],
    [['run:*'], 'run', 'x/y', true],
    [['run:*'], 'admin', 'x/y', false],
    [['run:a/b'], 'start', 'a/b', true],
    [['run:a/b'], 'start', 'a/c', false],
    [['read'], 'start', 'a/b', false],
    [['run'], 'start', 'a/b', true],
    [['jobs:run'], 'start', 'a/b', true],
    [['jobs:run'], 'read', 'a/b', false],
    [['jobs:run'], 'run', 'a/b', false],
    [['jobs:run'], 'admin', undefined, false],
    [['jobs:run:scripts'], 'start', 'a/b', true],
    [['jobs:run:scripts:a/b'], 'start', 'a/b', true],
    [['jobs:run:flows:a/b'], 'start', 'a/b', true],
    [['jobs:run:scripts:a/b'], 'start', 'a/c', false],
    [['jobs:run:scripts:a/b'], 'read', 'a/b', false],
    [['jobs:run:scripts:a/b'], 'run', 'a/b', false],
    [['jobs:run:scripts:a/b,c/*'], 'start', 'c/d', true],
    [['jobs:run:scripts:a/b,c/*'], 'start', 'a/c', false],
    [['jobs:runs', 'jobs:run:', 'jobs:run:apps:a/b', 'jobs:read', '*'], 'start', 'a/b', false],
    [['administrator', 'runs', 'RUN'], 'read', 'a/b', false],
    [[], 'read', 'a/b', false],
  ] as const)('scopes %j, %s of %s: %s', (scopes, action, path, expected) => {
    expect(allows(scopes, action, path)).toBe(expected);
  });
});

test.each([
  ['run:script/u/bot/hello', 'jobs:run:scripts:u/bot/hello'],
  ['run:flow/f/shop/order', 'jobs:run:flows:f/shop/order'],
  ['run:script/f/shop/*', 'jobs:run:scripts:f/shop/*'],
  ['run:script/ops/deploy', 'run:script/ops/deploy'],
  ['run:script/u', 'run:script/u'],
  ['run:u/bot/hello', 'run:u/bot/hello'],
  ['jobs:run:scripts:u/bot/hello', 'jobs:run:scripts:u/bot/hello'],
])('the scope %s is kept as %s', (given, kept) => expect(canonicalScope(given)).toBe(kept));

describe('what a token is for', () => {
  test.each<[scope: string, starts: boolean, named: boolean]>([
    ['admin', true, false],
    ['run', true, false],
    ['read', false, false],
    ['run:a/b', true, true],
    ['run:a/*', true, false],
    ['jobs:run', true, false],
    ['jobs:run:flows', true, false],
    ['jobs:run:scripts:a/b', true, true],
    ['jobs:run:scripts:a/b,c/d', true, true],
    ['jobs:run:scripts:a/b,c/*', true, false],
    ['root', false, false],
  ])('%s starts something: %s; names its workflows: %s', (scope, starts, named) => {
    expect([startsSomething([scope]), namesItsWorkflows([scope])]).toEqual([starts, named]);
  });

  test.each<[scope: string, names: boolean]>([
    ['run:a/b', true],
    ['jobs:run:scripts:a/b', true],
    ['jobs:run:flows:x/y,a/b', true],
    ['run:a/*', false],
    ['jobs:run:scripts:a/*', false],
    ['jobs:run:scripts', false],
    ['run', false],
    ['admin', false],
  ])('%s names a/b itself: %s', (scope, names) => {
    expect(namesWorkflow([scope], 'a/b')).toBe(names);
  });

  test('one scope for everything makes the token one for everything', () => {
    expect(namesItsWorkflows(['run:a/b', 'read'])).toBe(false);
  });

  test.each<[scope: string, requestedBy: string, sees: boolean]>([
    ['read', 'other', true],
    ['run:a/b', 'other', true],
    ['run:c/d', 'mine', false],
    ['jobs:run:scripts:a/b', 'mine', true],
    ['jobs:run:scripts:a/b', 'other', false],
    ['jobs:run:scripts:c/d', 'mine', false],
  ])('%s sees a run of a/b that %s started: %s', (scope, requestedBy, sees) => {
    expect(maySeeRun({ id: 'mine', scopes: [scope] }, { workflow: 'a/b', requestedBy })).toBe(sees);
  });
});
