import { type FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { type Trigger, type WorkflowVersion } from '@millrace/contracts';
import { parseNetwork } from '@millrace/domain';
import { type BoundTrigger, type Dialect, type StartRoute } from '@millrace/dialects';
import { triggerOf } from '@millrace/testkit';
import { makeFailureBrake } from '../auth/failure-brake.ts';
import { AUTH_FAILURES_MAX } from '../limits.ts';
import { type EnterDeps, makeEnterTrigger } from './enter.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const tokens: Readonly<Record<string, readonly string[]>> = {
  'any-runner': ['run'],
  'own-runner': ['run:a/b'],
  'pattern-runner': ['run:a/*'],
  'windmill-runner': ['jobs:run:scripts:a/b'],
  'windmill-flow-runner': ['jobs:run:flows:x/y,a/b'],
  'windmill-any-runner': ['jobs:run:scripts'],
  'windmill-pattern-runner': ['jobs:run:scripts:a/*'],
  'windmill-foreign-runner': ['jobs:run:scripts:a/b/c'],
  'foreign-runner': ['run:x/y'],
  reader: ['read'],
};

const bySha256 = (hex: string) => {
  const found = Object.entries(tokens).find(([text]) => sha256(text) === hex);
  return found && { id: found[0], sha256: hex, label: '', scopes: [...found[1]], createdAt: '2026-01-01T00:00:00Z' };
};

const version: WorkflowVersion = {
  version: 'f'.repeat(64),
  kind: 'script',
  file: 'b.sh',
  description: '',
  methods: ['POST'],
  policy: { timeoutMs: 1_000, retries: { failed: 0, lost: 0 } },
  deployedAt: '2026-01-01T00:00:00Z',
  deployedFrom: 'a/b.sh',
};

const bound = (trigger: Partial<Trigger>): BoundTrigger => ({
  workspace: 'default',
  workflow: 'a/b',
  version,
  trigger: triggerOf(trigger),
});

interface Call {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
}

interface Place {
  readonly triggers: readonly BoundTrigger[];
  readonly route?: Partial<StartRoute>;
  readonly deps?: Partial<EnterDeps>;
}

const dialect = { name: 'test' } as Dialect;

/** Enters as a caller would; says as whom, or the code of the refusal. */
const makeEnter = ({ triggers, route = {}, deps = {} }: Place) => {
  const clock = { now: () => 0, monotonic: () => 0 };
  const enter = makeEnterTrigger({
    directory: {} as never,
    tokens: { bySha256 } as never,
    clock,
    brake: makeFailureBrake(clock),
    trustedProxies: [],
    secretValues: (name) => (name === 'ROTATED' ? ['new-value', 'old-value'] : []),
    queryTokens: 'limited',
    triggerStates: { get: () => undefined },
    ...deps,
  });
  const start = {
    hidesAddresses: false,
    resolve: () => triggers,
    notFound: () => new AppError('not_found', 'test.not_found', 'nothing here'),
    ...route,
  } as StartRoute;
  return ({ method = 'POST', url = '/here', headers = {}, peer = '192.0.2.1' }: Call): string => {
    const raw = { url, rawHeaders: [] };
    const request = { method, raw, headers, params: {}, socket: { remoteAddress: peer } } as unknown as FastifyRequest;
    try {
      const { principal, verified } = enter(request, dialect, start);
      return `${verified} ${principal.id}`;
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  };
};

const bearer = (token: string): Call => ({ headers: { authorization: `Bearer ${token}` } });
const BY_TRIGGER = 'trigger:a/b#t';

describe('A3: who may use a trigger', () => {
  const keys = [{ sha256: sha256('declared-key') }, { secret: 'ROTATED' }];
  test.each<[Partial<Trigger>, Call, string]>([
    [{ auth: 'token' }, bearer('any-runner'), 'token any-runner'],
    [{ auth: 'token' }, bearer('own-runner'), 'token own-runner'],
    [{ auth: 'token' }, bearer('pattern-runner'), 'token pattern-runner'],
    [{ auth: 'token' }, bearer('foreign-runner'), 'test.not_found'],
    [{ auth: 'token' }, bearer('reader'), 'auth.forbidden'],
    [{ auth: 'token' }, bearer('guessed'), 'auth.unauthorized'],
    [{ auth: 'token' }, {}, 'auth.unauthorized'],
    [{ auth: 'workflow_key' }, bearer('own-runner'), 'token own-runner'],
    [{ auth: 'workflow_key' }, bearer('windmill-runner'), 'token windmill-runner'],
    [{ auth: 'workflow_key' }, bearer('windmill-flow-runner'), 'token windmill-flow-runner'],
    [{ auth: 'workflow_key' }, bearer('windmill-any-runner'), 'auth.unauthorized'],
    [{ auth: 'workflow_key' }, bearer('windmill-pattern-runner'), 'auth.unauthorized'],
    [{ auth: 'workflow_key' }, bearer('windmill-foreign-runner'), 'auth.unauthorized'],
    [{ auth: 'workflow_key' }, bearer('any-runner'), 'auth.unauthorized'],
    [{ auth: 'workflow_key' }, bearer('pattern-runner'), 'auth.unauthorized'],
    [{ auth: 'workflow_key', keys }, bearer('declared-key'), `key ${BY_TRIGGER}`],
    [{ auth: 'workflow_key', keys }, bearer('old-value'), `key ${BY_TRIGGER}`],
    [{ auth: 'workflow_key', keys }, bearer('new-value'), `key ${BY_TRIGGER}`],
    [{ auth: 'path_key', keys }, bearer('declared-key'), `key ${BY_TRIGGER}`],
    [{ auth: 'path_key', keys }, bearer('any-runner'), 'test.not_found'],
    [{ auth: 'path_key', keys }, bearer('Declared-key'), 'test.not_found'],
    [{ auth: 'path_key', keys: [] }, bearer('anything'), 'test.not_found'],
    [{ auth: 'path_key', keys: [{ secret: 'UNSET' }] }, bearer(''), 'test.not_found'],
    [{ auth: 'public' }, {}, `public ${BY_TRIGGER}`],
    [{ auth: 'signature' }, {}, `signature ${BY_TRIGGER}`],
    [{ auth: 'public', enabled: false }, {}, 'test.not_found'],
    [{ auth: 'public', methods: ['PUT'] }, {}, 'http.method_not_allowed'],
    [{ auth: 'public', methods: ['GET'] }, { method: 'HEAD' }, 'http.method_not_allowed'],
  ])('%j, %j: %s', (trigger, call, expected) => {
    expect(makeEnter({ triggers: [bound(trigger)] })(call)).toBe(expected);
  });

  test.each(['path_key', 'workflow_key'] as const)(
    'of several triggers at one place the one whose %s fits is meant',
    (auth) => {
      const enter = makeEnter({
        triggers: [
          bound({ id: 'one', auth, keys: [{ sha256: sha256('key-one') }] }),
          bound({ id: 'two', auth, keys: [{ sha256: sha256('key-two') }] }),
        ],
      });
      expect([enter(bearer('key-one')), enter(bearer('key-two')), enter(bearer('key-three'))]).toEqual([
        'key trigger:a/b#one',
        'key trigger:a/b#two',
        auth === 'path_key' ? 'test.not_found' : 'auth.unauthorized',
      ]);
    },
  );
});

describe('an address that means nothing', () => {
  test('is 404 where addresses are public, and 401 first where they are hidden', () => {
    const open = makeEnter({ triggers: [] });
    const hidden = makeEnter({ triggers: [], route: { hidesAddresses: true } });
    expect([open({}), hidden({}), hidden(bearer('any-runner'))]).toEqual([
      'test.not_found',
      'auth.unauthorized',
      'test.not_found',
    ]);
  });

  test('tells nobody about workflows that are not theirs, not even why they are out of service', () => {
    const resolve = () => {
      throw new AppError('refused', 'workflow.not_in_service', 'a typing error in line 1', {
        details: { workflow: 'a/b' },
      });
    };
    const enter = makeEnter({ triggers: [], route: { hidesAddresses: true, resolve } });
    expect([enter({}), enter(bearer('foreign-runner')), enter(bearer('own-runner'))]).toEqual([
      'auth.unauthorized',
      'test.not_found',
      'workflow.not_in_service',
    ]);
  });
});

describe('where a request comes from', () => {
  const allowFrom = ['198.51.100.0/24'];
  const trustedProxies = [parseNetwork('10.0.0.0/8')];
  test.each<[string, Call, string]>([
    ['an allowed network', { peer: '198.51.100.7' }, `public ${BY_TRIGGER}`],
    ['another one', { peer: '192.0.2.1' }, 'trigger.address_refused'],
    [
      'what somebody writes into the header',
      { peer: '192.0.2.1', headers: { 'x-forwarded-for': '198.51.100.7' } },
      'trigger.address_refused',
    ],
    [
      'what a trusted proxy says',
      { peer: '10.0.0.1', headers: { 'x-forwarded-for': '198.51.100.7' } },
      `public ${BY_TRIGGER}`,
    ],
    ['no address at all', { peer: '' }, 'trigger.address_refused'],
  ])('%s', (_name, call, expected) => {
    expect(makeEnter({ triggers: [bound({ auth: 'public', allowFrom })], deps: { trustedProxies } })(call)).toBe(
      expected,
    );
  });
});

describe('A23: a page of another site', () => {
  const crossSite = { 'sec-fetch-site': 'cross-site' };
  const cookie = () => ({ tokens: [{ text: 'any-runner', source: 'cookie' as const }], keys: [] });
  const withToken = { ...crossSite, authorization: 'Bearer any-runner' };
  test.each<readonly [string, Place, Call, string]>([
    [
      'cannot use a public trigger',
      { triggers: [bound({ auth: 'public' })] },
      { headers: crossSite },
      'http.cross_site',
    ],
    [
      'can where the trigger says so',
      { triggers: [bound({ auth: 'public', crossSite: true })] },
      { headers: crossSite },
      `public ${BY_TRIGGER}`,
    ],
    ['cannot use a token', { triggers: [bound({})] }, { headers: withToken }, 'http.cross_site'],
    [
      'can where the protocol has CORS',
      { triggers: [bound({})], route: { takesCrossSiteTokens: true } },
      { headers: withToken },
      'token any-runner',
    ],
    [
      'cannot use a cookie even there',
      { triggers: [bound({})], route: { takesCrossSiteTokens: true, credentials: cookie } },
      { headers: crossSite },
      'http.cross_site',
    ],
  ])('%s', (_name, place, call, expected) => {
    expect(makeEnter(place)(call)).toBe(expected);
  });
});

test('A5: a token in a query must be limited to certain workflows, unless configured otherwise', () => {
  const fromQuery = (text: string) => ({
    credentials: () => ({ tokens: [{ text, source: 'query' as const }], keys: [] }),
  });
  const enter = (text: string, queryTokens: EnterDeps['queryTokens']) =>
    makeEnter({ triggers: [bound({})], route: fromQuery(text), deps: { queryTokens } })({});
  expect([
    enter('own-runner', 'limited'),
    enter('any-runner', 'limited'),
    enter('pattern-runner', 'limited'),
    enter('any-runner', 'any'),
  ]).toEqual(['token own-runner', 'auth.token_in_query', 'auth.token_in_query', 'token any-runner']);
});

describe('A26: whoever guesses', () => {
  test.each<[Partial<Trigger>, string]>([
    [{ auth: 'token' }, 'auth.unauthorized'],
    [{ auth: 'path_key', keys: [{ sha256: sha256('right-key') }] }, 'test.not_found'],
  ])('is slowed down: %j', (trigger, refusal) => {
    const enter = makeEnter({ triggers: [bound(trigger)] });
    const answers = Array.from({ length: AUTH_FAILURES_MAX + 1 }, (_, n) => enter(bearer(`guess-${n}`)));
    expect(new Set(answers.slice(0, -1))).toEqual(new Set([refusal]));
    expect(answers.at(-1)).toBe('auth.too_many_failures');
    // Others, and those behind the same address who have a token, go on.
    expect(enter({ ...bearer('guess'), peer: '192.0.2.2' })).toBe(refusal);
    expect(enter(bearer(trigger.auth === 'token' ? 'any-runner' : 'right-key'))).toMatch(/^(token|key)/);
  });

  test('is not who presents nothing', () => {
    const enter = makeEnter({ triggers: [bound({})] });
    const answers = Array.from({ length: AUTH_FAILURES_MAX * 2 }, () => enter({}));
    expect(new Set(answers)).toEqual(new Set(['auth.unauthorized']));
  });
});
