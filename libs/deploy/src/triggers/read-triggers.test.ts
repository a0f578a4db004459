import { createHash } from 'node:crypto';
import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { makeVersion } from '../make-version.ts';
import { readMetadata } from '../read-metadata.ts';
import { readTriggers } from './read-triggers.ts';
import { type ClaimsOptions, makePlaceClaims } from './place-claims.ts';

const KEY = 'a-key-of-many-characters';
const hook = (members: object) => ({ dialect: 'hooks', path: '/a', ...members });

const triggerOf = (written: object): Trigger => {
  const { triggers, complaints } = readTriggers([written]);
  expect(complaints).toEqual([]);
  const [trigger] = triggers;
  if (trigger === undefined) throw new Error('no trigger was made');
  return trigger;
};

const complaintsOf = (...written: readonly unknown[]): readonly string[] =>
  readTriggers(written).complaints.map(({ keys, reason }) => `${keys.slice(2).join('.')}: ${reason}`);

describe('a declaration', () => {
  test('becomes a record of the version with the defaults of its dialect', () => {
    expect(triggerOf(hook({}))).toEqual({
      id: 'hooks',
      dialect: 'hooks',
      address: { path: '/a' },
      methods: ['POST'],
      auth: 'token',
      mode: 'async',
      enabled: true,
    });
  });

  test('of Kestra is known by its type, and its key may be made of the flow', () => {
    const written = { type: 'io.kestra.plugin.core.trigger.Webhook', key: '{{ flow.namespace }}/{{ flow.id }}' };
    const { triggers, complaints } = readTriggers([written], 'company/team/pay');
    expect(complaints).toEqual([]);
    const sha256 = createHash('sha256').update('company.team/pay').digest('hex');
    expect(triggers).toMatchObject([{ id: 'kestra', dialect: 'kestra', auth: 'path_key', keys: [{ sha256 }] }]);
  });

  test('may say everything that a trigger has', () => {
    const written = hook({
      id: 'push',
      methods: ['POST', 'PUT'],
      signature: { preset: 'stripe', secrets: ['NEW', 'OLD'], tolerance_seconds: 60, repeats: 'allow' },
      when: ['body.a == 1', '{{ trigger.body.b }}'],
      conditions: [{ type: 'Expression', expression: '{{ trigger.body.c }}' }],
      input: { a: 'body.a' },
      mode: 'sync',
      response: { completed: 201, body: 'result' },
      rate_limit: { requests: 10, per: '1m' },
      allow_from: ['192.0.2.0/24', '2001:db8::1'],
      cross_site: true,
      stop_after: ['completed'],
      enabled: false,
    });
    expect(triggerOf(written)).toEqual({
      id: 'push',
      dialect: 'hooks',
      address: { path: '/a' },
      methods: ['POST', 'PUT'],
      auth: 'signature',
      signature: { preset: 'stripe', secrets: ['NEW', 'OLD'], rule: { toleranceSeconds: 60 }, repeats: 'allow' },
      conditions: ['body.a == 1', '{{ trigger.body.b }}', { type: 'Expression', expression: '{{ trigger.body.c }}' }],
      input: { a: 'body.a' },
      mode: 'sync',
      response: { completed: 201, body: 'result' },
      rateLimit: { requests: 10, per: 60 },
      allowFrom: ['192.0.2.0/24', '2001:db8::1'],
      crossSite: true,
      stopAfter: ['completed'],
      enabled: false,
    });
  });

  test.each([
    [{ key: KEY }, 'workflow_key', [{ sha256: createHash('sha256').update(KEY).digest('hex') }]],
    [{ key_secret: 'HOOK_KEY' }, 'workflow_key', [{ secret: 'HOOK_KEY' }]],
    [{ key_secret: 'HOOK_KEY', auth: 'path_key' }, 'path_key', [{ secret: 'HOOK_KEY' }]],
  ])('%j asks for %s', (members, auth, keys) => {
    expect(triggerOf(hook(members))).toMatchObject({ auth, keys });
  });

  test('may have a short key where the protocol has such keys; that is noted', () => {
    const written = { dialect: 'kestra', namespace: 'company.team', flow: 'f', key: 'k' };
    expect(readTriggers([written]).triggers).toMatchObject([{ keys: [{ short: true }] }]);
  });

  test('never repeats a key: neither in the record nor in a complaint', () => {
    const good = triggerOf(hook({ key: KEY }));
    const bad = complaintsOf(hook({ key: 'short-one', auth: 'nobody' }), hook({ key: KEY, auth: 'token' }));
    expect(JSON.stringify([good, bad])).not.toMatch(/a-key-of-many|short-one/);
  });
});

describe('a declaration that is wrong', () => {
  test.each<readonly [string, object, string]>([
    [
      'an unknown dialect',
      { dialect: 'hook' },
      'dialect: there is no dialect "hook" to declare triggers of; did you mean "hooks"?',
    ],
    ['no dialect', { path: '/a' }, ': a trigger needs a dialect'],
    ['an unknown key', hook({ pathh: '/b' }), 'pathh: unknown key "pathh"; did you mean "path"?'],
    [
      'an unknown key of a part',
      hook({ response: { acepted: 200 } }),
      'response.acepted: unknown key "acepted"; did you mean "accepted"?',
    ],
    ['an address that is missing', { dialect: 'hooks' }, ': the trigger must have required properties path'],
    ['another choice', hook({ mode: 'later' }), 'mode: mode must be one of async, sync, stream'],
    ['HEAD', hook({ methods: ['HEAD'] }), 'methods.0: methods.0 must be one of GET, POST, PUT, PATCH, DELETE'],
    ['a short key', hook({ key: 'short-one' }), 'key: key has 9 characters; it must have 16 to 256'],
    [
      'a key that nobody looks at',
      hook({ key: KEY, auth: 'token' }),
      'key: auth is token: the key would never be looked at; remove it or say auth: workflow_key',
    ],
    ['path_key without a key', hook({ auth: 'path_key' }), 'auth: the address needs a key: add key or key_secret'],
    [
      'signature without one',
      hook({ auth: 'signature' }),
      'auth: auth is signature, and there is no signature: { preset, secret }',
    ],
    [
      'A8: a preset without a secret',
      hook({ signature: { preset: 'github' } }),
      'signature: the preset github needs a secret: without one anybody could sign',
    ],
    [
      'an unknown preset',
      hook({ signature: { preset: 'githob', secret: 'S' } }),
      'signature: there is no preset "githob"; did you mean github?',
    ],
    [
      'an unknown member of a rule',
      hook({ signature: { preset: 'stripe', secret: 'S', tolerance: 1 } }),
      'signature: the preset stripe has no member tolerance; known are toleranceSeconds',
    ],
    [
      'a template of two texts that nothing separates',
      hook({
        signature: { preset: 'hmac', secret: 'S', header: 'X-Sig', delivery_header: 'X-Id', template: '{id}{body}' },
      }),
      'signature: template: nothing between {id} and {body} says where one ends',
    ],
    [
      'a value for a name',
      hook({ signature: { preset: 'github', secret: 's3cret' } }),
      'signature.secret: signature: a secret is named, such as GITHUB_SECRET; its value is set by millrace secret set',
    ],
    ['a condition that does not compile', hook({ when: 'body.a ==' }), 'when: when: line 1, column 10'],
    ['one of several', hook({ when: ['true', 'nope('] }), 'when.1: when.1: line 1, column 6'],
    ['too many conditions', hook({ when: Array.from({ length: 51 }, () => 'true') }), 'when: more than 50 conditions'],
    [
      'a condition of Kestra',
      hook({ conditions: [{ type: 'Expresion' }] }),
      'conditions.0: conditions.0: line 1, column 1: conditions[0].type',
    ],
    [
      'a mapping that does not compile',
      hook({ input: { a: 'body.', b: 'body.b' } }),
      'input.a: input.a: a: line 1, column 6',
    ],
    [
      'a network',
      hook({ allow_from: ['10.0.0.0/33'] }),
      'allow_from.0: allow_from.0: "10.0.0.0/33" is not a network: write 10.0.0.0/8 or fd00::/8',
    ],
    ['a window', hook({ rate_limit: { requests: 1, per: 'soon' } }), 'rate_limit.per: rate_limit.per: '],
    ['a parameter that is there twice', hook({ path: '/:a/:a' }), ': path: a parameter of /:a/:a is there twice'],
    [
      'Meta without GET',
      hook({ signature: { preset: 'meta', secret: 'S' } }),
      ': methods: the preset meta asks for addresses by GET; say methods: [GET, POST]',
    ],
  ])('%s', (_what, written, complaint) => {
    const complaints = complaintsOf(written);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(complaint);
  });

  test('is told of everything at once, at its line', () => {
    const text = `description: x
triggers:
  - dialect: hooks
    path: /a
    mode: later
    when: "body.a =="
  - dialect: hoks
`;
    const reading = readMetadata(text, 'a/b.yaml');
    const lines = reading.outcome === 'refused' ? reading.faults.map(({ line }) => line) : [];
    expect(lines).toEqual([5, 6, 7]);
  });
});

describe('two declarations', () => {
  test.each<readonly [string, object, object, string | undefined]>([
    ['of one id', hook({ id: 'x' }), hook({ id: 'x', path: '/b' }), 'id: the id x is there twice'],
    ['of one address', hook({ id: 'x' }), hook({ id: 'y' }), ': y has the same address and method as x'],
    [
      'of one address but for names of parameters',
      hook({ id: 'x', path: '/:a' }),
      hook({ id: 'y', path: '/:b' }),
      ': y has the same address and method as x',
    ],
    ['of two methods', hook({ id: 'x' }), hook({ id: 'y', methods: ['GET'] }), undefined],
    ['of two keys', hook({ id: 'x', key: KEY }), hook({ id: 'y', key: `${KEY}2` }), undefined],
    [
      'of one key',
      hook({ id: 'x', key: KEY }),
      hook({ id: 'y', key: KEY }),
      ': y has the same address and method as x',
    ],
    ['of which one is off', hook({ id: 'x' }), hook({ id: 'y', enabled: false }), undefined],
    ['without ids', hook({}), hook({ path: '/b' }), undefined],
  ])('%s', (_what, first, second, complaint) => {
    expect(complaintsOf(first, second)).toEqual(complaint === undefined ? [] : [complaint]);
  });
});

describe('a version', () => {
  const parts = { kind: 'script', file: 'b.sh', bytes: Buffer.from('echo'), metadata: {} } as const;
  const NAME = 'e484713d';

  test('without triggers keeps the name that it had before there were any', () => {
    expect(makeVersion(parts)).toEqual(makeVersion({ ...parts, metadata: { triggers: [] } }));
    expect(makeVersion(parts).version.slice(0, 8)).toBe(NAME);
  });

  test('is another one with triggers, and carries them', () => {
    const draft = makeVersion({ ...parts, metadata: { triggers: [hook({})] } });
    expect(draft.version.slice(0, 8)).not.toBe(NAME);
    expect(draft.triggers).toMatchObject([{ id: 'hooks' }]);
  });
});

describe('two workflows', () => {
  const draftOf = (triggers: readonly object[]) =>
    makeVersion({ kind: 'script', file: 'b.sh', bytes: Buffer.from('echo'), metadata: { triggers: [...triggers] } });
  const entry = (path: string, triggers: readonly object[]) => ({
    workspace: 'default',
    path,
    current: { ...draftOf(triggers), deployedAt: '2026-01-01T00:00:00Z', deployedFrom: `${path}.sh` },
  });

  const claimsOf = (entries: ClaimsOptions['entries']) =>
    makePlaceClaims({ entries, isOwn: () => true, revisionOf: () => 1 });

  test('cannot take the same address: the later one is told which has it', () => {
    const claims = claimsOf(() => [entry('a/first', [hook({})])]);
    expect(claims.claim('a/second', draftOf([hook({})]))).toBe(
      'the trigger hooks has the same address and method as hooks of a/first',
    );
    expect(claims.claim('a/first', draftOf([hook({})]))).toBeUndefined();
  });

  test('of one deploy neither, though the catalog knows of none of them yet', () => {
    const claims = claimsOf(() => []);
    expect(claims.claim('a/first', draftOf([hook({})]))).toBeUndefined();
    expect(claims.claim('a/second', draftOf([hook({})]))).toContain('a/first');
  });

  test('may hand an address over: what is removed, or has moved, is in nobody’s way', () => {
    const claims = claimsOf(() => [entry('a/old', [hook({})])]);
    claims.expectRemoved((path) => path === 'a/old');
    expect(claims.claim('a/new', draftOf([hook({})]))).toBeUndefined();
  });

  test('a version that was refused is tried again once the other has given the address up', () => {
    let there = [entry('a/first', [hook({})])];
    const claims = claimsOf(() => there);
    const draft = draftOf([hook({})]);
    claims.claim('a/second', draft);
    expect(claims.isStillRefused('a/second', draft.version)).toBe(true);
    there = [entry('a/first', [hook({ path: '/elsewhere' })])];
    expect(claims.isStillRefused('a/second', draft.version)).toBe(false);
  });
});
