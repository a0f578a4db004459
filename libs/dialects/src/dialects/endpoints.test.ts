import { type Trigger } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { inbound, type WrittenRequest } from '../../testing/inbound.ts';
import { makeDialect } from '../make-dialect.ts';
import { type BoundTrigger, type TriggerDirectory, type WorkflowInService } from '../trigger-directory.ts';
import { findEndpoint } from './endpoints/find-endpoint.ts';
import { readParameters } from './endpoints/read-parameters.ts';
import { dialect as module } from './endpoints.ts';

const endpoints = makeDialect(module);

const serviceOf = (workflow: string, inputSchema?: unknown): WorkflowInService => ({
  workspace: 'default',
  workflow,
  version: {
    version: 'a'.repeat(64),
    kind: 'script',
    file: 'a.py',
    description: '',
    methods: ['POST'],
    policy: { timeoutMs: 30_000, retries: { failed: 0, lost: 0 } },
    deployedAt: '2026-01-02T03:04:05.678Z',
    deployedFrom: 'a.py',
    ...(inputSchema === undefined ? {} : { inputSchema }),
  },
});

const bind = (workflow: string, rest: Partial<Trigger> = {}): BoundTrigger => ({
  ...serviceOf(workflow),
  trigger: {
    id: 'endpoints',
    dialect: 'endpoints',
    address: {},
    methods: ['POST'],
    auth: 'token',
    mode: 'sync',
    enabled: true,
    ...rest,
  },
});

describe('003, 3.3: what becomes the parameters', () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const read = (
    request: WrittenRequest,
    inputSchema?: unknown,
    listed?: unknown,
    prefer: 'request' | 'members' = 'request',
  ) =>
    readParameters(
      inbound(request),
      serviceOf('a/b', inputSchema),
      { listed },
      { prefer, credential_headers: 'redact' },
    );

  test('a body and a query have their own names, and their members theirs', () => {
    expect(read({ url: '/?query_param=x', body: '{"a":1}' })).toMatchObject({
      body: { a: 1 },
      payload: { a: 1 },
      a: 1,
      query_param: 'x',
      query: { query_param: 'x' },
      raw_body: '{"a":1}',
    });
  });

  test.each<[string, WrittenRequest, Readonly<Record<string, unknown>>]>([
    ['body members win over the query', { url: '/?a=1', body: '{"a":2}' }, { a: 2, payload: { a: 2 } }],
    ['the last one of a repeated parameter counts', { url: '/?a=1&a=2' }, { a: '2' }],
    [
      '003: the fields of a form',
      { body: 'command=%2Fgo&text=now', headers: form },
      { payload: { command: '/go', text: 'now' }, command: '/go' },
    ],
    ['an array is kept', { body: '[1]' }, { payload: [1], body: [1] }],
    ['a scalar is kept', { body: '7' }, { payload: 7 }],
    ['a text is kept', { body: 'hello' }, { payload: 'hello', raw_body: 'hello' }],
    ['invalid JSON is kept as text', { body: '{' }, { payload: '{' }],
    [
      '003: GET without anything has no query and no payload',
      { method: 'GET' },
      { query: null, payload: null, body: null },
    ],
    ['003: a parameter called query is itself', { method: 'GET', url: '/?query=x' }, { query: 'x' }],
    ['a member called query is itself', { body: '{"query":"{ a }"}' }, { query: '{ a }' }],
    ['payload is the whole body whatever it has in it', { body: '{"payload":1}' }, { payload: { payload: 1 } }],
  ])('%s', (_name, request, parameters) => {
    expect(read(request)).toMatchObject(parameters);
  });

  test('a body cannot pretend to be headers', () => {
    expect(read({ body: '{"headers":{"X-A":"forged"}}', headers: { 'X-A': 'real' } })['headers']).toMatchObject({
      'X-A': 'real',
    });
  });

  test('with prefer = "members" names in the body win, as in the source; raw_body is always what came', () => {
    const body = '{"payload":{"a":1},"headers":{"b":2},"raw_body":"forged"}';
    expect(read({ body }, undefined, undefined, 'members')).toMatchObject({
      payload: { a: 1 },
      headers: { b: 2 },
      raw_body: body,
    });
  });

  test('credentials are there where a workflow checks them itself', () => {
    const request = inbound({ headers: { 'X-Gitlab-Token': 'shared' } });
    const rules = { prefer: 'request', credential_headers: 'keep' } as const;
    expect(readParameters(request, serviceOf('a/b'), { listed: ['headers'] }, rules)).toMatchObject({
      headers: { 'X-Gitlab-Token': 'shared' },
    });
  });

  test('003: headers.get("X-Signature-256") works however the sender spells it; credentials are left out', () => {
    const headers = {
      'x-signature-256': 'sha256=ab',
      'X-GitHub-Event': 'push',
      Authorization: 'Bearer x',
      'X-Bifrost-Key': 'k',
      Cookie: 'c',
    };
    expect(read({ headers })['headers']).toEqual({
      'x-signature-256': 'sha256=ab',
      'X-Signature-256': 'sha256=ab',
      'x-github-event': 'push',
      'X-Github-Event': 'push',
      'X-GitHub-Event': 'push',
    });
  });

  test('what is injected follows the input schema, or the list of the trigger', () => {
    const schema = { type: 'object', properties: { payload: {}, n: { type: 'integer' } } };
    expect(Object.keys(read({ body: '{"a":1}' }, schema))).toEqual(['a', 'payload']);
    expect(Object.keys(read({ body: '{"a":1}' }, schema, ['raw_body']))).toEqual(['a', 'raw_body']);
    expect(Object.keys(read({ body: '{"a":1}' }, undefined, []))).toEqual(['a']);
  });

  test('texts are coerced to the types of the schema, and surplus names dropped where it is closed', () => {
    const properties = { i: { type: 'integer' }, f: { type: 'number' }, b: { type: 'boolean' }, s: { type: 'string' } };
    const schema = { type: 'object', properties, additionalProperties: false };
    expect(read({ url: '/?i=3&f=1.5&b=yes&s=4&z=1' }, schema)).toEqual({ i: 3, f: 1.5, b: true, s: '4' });
    expect(read({ url: '/?i=x&b=maybe' }, schema)).toEqual({ i: 'x', b: 'maybe' });
  });
});

describe('003, 3.1: which workflow is meant', () => {
  const UUID = '6F1C2B3A-0000-4000-8000-000000000001';
  const declared = [
    bind('hooks/handle_webhook'),
    bind('a/same'),
    bind('b/same', { auth: 'public' }),
    bind('c/uuid', { address: { workflow_id: UUID } }),
    bind('d/other', { address: { name: 'named' } }),
    bind('e/off', { enabled: false }),
  ];
  const old = serviceOf('f/old');
  const directory: TriggerDirectory = {
    workflow: () => undefined,
    workflows: () => [],
    at: () => [],
    declared: () => declared,
    versions: (hash) =>
      hash === 'b'.repeat(16) ? [{ ...old, version: { ...old.version, triggers: [bind('f/old').trigger] } }] : [],
  };
  const find = (reference: string) => findEndpoint(reference, 'endpoints', directory).map(({ workflow }) => workflow);

  test.each<[string, string, readonly string[]]>([
    ['003: by its name', 'handle_webhook', ['hooks/handle_webhook']],
    ['the whole path', 'hooks/handle_webhook', ['hooks/handle_webhook']],
    ['the whole path of an ambiguous name', 'a/same', ['a/same']],
    ['the UUID that callers of the source know', UUID, ['c/uuid']],
    ['the UUID in lower case', UUID.toLowerCase(), ['c/uuid']],
    ['a name of its own', 'named', ['d/other']],
    ['no longer the last part then', 'other', []],
    ['a version', 'b'.repeat(16), ['f/old']],
    ['one that is not enabled, which the gateway leaves out', 'off', ['e/off']],
    ['nothing', 'nothing', []],
    ['an object has no such name', 'constructor', []],
  ])('%s', (_name, reference, workflows) => {
    expect(find(reference)).toEqual(workflows);
  });

  test('a name of two workflows is a conflict, told to whoever may run one of them', () => {
    const error = ((): unknown => {
      try {
        return find('same');
      } catch (thrown) {
        return thrown;
      }
    })() as AppError;
    expect([error.kind, error.code, error.details]).toEqual(['refused', 'endpoint.ambiguous', { workflow: 'a/same' }]);
    expect(endpoints.renderError(error, undefined)).toMatchObject({
      status: 409,
      body: expect.stringContaining('"detail"') as string,
    });
  });
});

describe('003: endpoint parameters', () => {
  const { translate, defaults, complaints } = endpoints.declares ?? {};

  test.each([
    ['enabled', { endpoint_enabled: true }, { enabled: true }],
    ['not enabled', { endpoint_enabled: false }, { enabled: false }],
    ['methods in any case', { allowed_methods: ['get', 'POST'] }, { methods: ['GET', 'POST'] }],
    ['public', { public_endpoint: true }, { auth: 'public' }],
    ['not public', { public_endpoint: false }, {}],
    ['keys of its own', { disable_global_key: true }, { auth: 'workflow_key' }],
    ['async', { execution_mode: 'async' }, { mode: 'async' }],
    ['public counts before keys', { disable_global_key: true, public_endpoint: true }, { auth: 'public' }],
  ])('003: %s', (_name, written, ours) => {
    expect(translate?.(written, 'shop/pay')).toEqual(ours);
  });

  test('003: what is not said is POST, a key, and an answer with the result', () => {
    expect(defaults).toEqual({ auth: 'token', methods: ['POST'], mode: 'sync' });
  });

  test('an endpoint has no key in its address, and tells nothing while it runs', () => {
    expect(complaints?.({ auth: 'path_key', mode: 'stream' } as never)).toHaveLength(2);
  });
});

test.each<[AppError, number, string]>([
  [new AppError('unauthenticated', 'auth.unauthorized', 'x'), 401, 'Invalid or expired API key'],
  [new AppError('not_found', 'run.not_found', 'x'), 404, 'Execution not found'],
  [new AppError('invalid', 'input.invalid', 'input.a must be string'), 422, 'input.a must be string'],
  [new AppError('bug', 'gateway.bug', 'secret'), 500, 'An unexpected error occurred'],
])('003, 3.1: %s is %s', (error, status, detail) => {
  const answer = endpoints.renderError(error, undefined);
  expect([answer.status, JSON.parse(String(answer.body))]).toEqual([status, { detail }]);
});
