import { describe, expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { type StartRoute } from '../dialect.ts';
import { type InboundRequest, type Pair } from '../inbound-request.ts';
import { type BoundTrigger, type TriggerDirectory } from '../trigger-directory.ts';
import { dialect as module } from './kestra.ts';
import { webhookDisabled } from './kestra/errors.ts';
import { executionOf, kestraState, placeOfWorkflow } from './kestra/execution.ts';

const DOCUMENT = '004';
const KEY = '4wjtkzwVGBM9yKnjm3yv8r';
const kestra = module.make({});
const start = kestra.routes.find(({ does }) => does === 'start') as StartRoute;

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly Pair[];
  readonly query?: readonly Pair[];
  readonly body?: string | Uint8Array;
}

const PATH = `/api/v1/executions/webhook/company.team/webhook_flow/${KEY}`;

const requestOf = ({ method = 'POST', path = PATH, headers = [], query = [], body = '' }: Call): InboundRequest => {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    method,
    path,
    params: {},
    search: '',
    from: '192.0.2.1',
    query: (name) => query.find(([known]) => known === name)?.[1],
    queryPairs: () => query,
    header: (name) => headers.find(([known]) => known.toLowerCase() === name)?.[1],
    headerPairs: () => headers,
    body: bytes,
    text: () => Buffer.from(bytes).toString(),
    multipart: undefined,
  };
};

const bound = {
  workspace: 'default',
  workflow: 'company/team/webhook_flow',
  version: { version: 'ab'.repeat(32) },
  trigger: {
    id: 'webhook',
    dialect: 'kestra',
    address: {},
    methods: ['POST'],
    auth: 'path_key',
    mode: 'async',
    enabled: true,
  },
} as unknown as BoundTrigger;

const directory = (placed: readonly string[], workflows: readonly string[] = []): TriggerDirectory =>
  ({
    at: (_dialect: string, place: string) => (placed.includes(place) ? [bound] : []),
    workflow: (path: string) => (workflows.includes(path) ? bound : undefined),
  }) as unknown as TriggerDirectory;

const inputOf = (call: Call) =>
  (start.mapInput(requestOf(call), bound).input as { readonly trigger: Readonly<Record<string, unknown>> }).trigger;

const codeOf = (attempt: () => unknown): string => {
  try {
    attempt();
    return 'none';
  } catch (error) {
    return (error as AppError).code;
  }
};

describe('4.1 addresses', () => {
  const known = directory(['company.team/webhook_flow'], ['company/team/without_webhook']);
  const resolve = (path: string) => start.resolve(requestOf({ path }), known).length;

  test.each([
    ['the address of the document', PATH, 1],
    ['with the tenant of the open source', PATH.replace('/v1', '/v1/main'), 1],
    ['a further segment', `${PATH}/more`, 0],
    ['a slash at the end', `${PATH}/`, 0],
    ['a flow without a webhook', '/api/v1/executions/webhook/company.team/without_webhook/k', 0],
  ])('%s', (_what, path, found) => {
    expect(resolve(path)).toBe(found);
  });

  test.each([
    ['another namespace', PATH.replace('company.team', 'company.other')],
    ['another flow', PATH.replace('webhook_flow', 'other_flow')],
    ['another tenant', PATH.replace('/v1', '/v1/acme')],
  ])('%s is a flow that is not found', (_what, path) => {
    expect(codeOf(() => resolve(path))).toBe('kestra.flow_not_found');
  });

  test(`${DOCUMENT}: three methods start something`, () => {
    expect(start.methods).toEqual(['GET', 'POST', 'PUT']);
  });
});

describe('4.2 the key', () => {
  const keysIn = (key: string) =>
    start.credentials?.(requestOf({ path: `/api/v1/executions/webhook/a.b/c/${key}` })).keys;

  test.each([
    [KEY, [KEY]],
    ['a%2Fb%20c', ['a/b c']],
    ['k'.repeat(256), ['k'.repeat(256)]],
    ['k'.repeat(257), []],
    ['', []],
    ['%E0%A4%A', []],
  ])('%s presents %j', (written, keys) => {
    expect(keysIn(written)).toEqual(keys);
  });

  test(`${DOCUMENT}: who knows the address needs no token`, () => {
    expect(kestra.declares?.defaults.auth).toBe('path_key');
    expect(start.credentials?.(requestOf({ headers: [['Authorization', 'Bearer t']] })).tokens).toEqual([]);
  });

  test(`${DOCUMENT}: a key has 256 characters at most`, () => {
    expect(kestra.declares?.keyLengths).toEqual([1, 256]);
  });
});

describe('4.3 what runs read', () => {
  test.each<[string, Call, unknown]>([
    ['a JSON object', { body: '{"hello":"world"}' }, { hello: 'world' }],
    ['a JSON array', { body: ' [1, 2]' }, [1, 2]],
    ['a number', { body: '42' }, '42'],
    ['a text of JSON', { body: '"x"' }, '"x"'],
    ['true', { body: 'true' }, 'true'],
    ['null', { body: 'null' }, 'null'],
    ['no JSON', { body: '{"hello":' }, '{"hello":'],
    ['nothing', {}, null],
    ['a form', { body: 'a=1&b=2', headers: [['Content-Type', 'application/x-www-form-urlencoded']] }, 'a=1&b=2'],
    ['XML', { body: '<a/>', headers: [['Content-Type', 'application/xml']] }, '<a/>'],
    ['text', { body: 'hello', headers: [['Content-Type', 'text/plain']] }, 'hello'],
    ['JSON of another type', { body: '{"a":1}', headers: [['Content-Type', 'application/octet-stream']] }, { a: 1 }],
    ['a text of another type', { body: 'hello', headers: [['Content-Type', 'application/octet-stream']] }, 'hello'],
    ['bytes', { body: Buffer.from([0, 255]), headers: [['Content-Type', 'image/png']] }, 'AP8='],
    ['a CloudEvent', { body: '{"id":"1"}', headers: [['Content-Type', 'application/cloudevents+json']] }, { id: '1' }],
  ])(`${DOCUMENT}: the body as a flow reads it: %s`, (_what, call, expected) => {
    expect(inputOf(call)['body']).toEqual(expected);
  });

  test(`${DOCUMENT}: headers are lists of values, named as the sender spelled them`, () => {
    const headers: Pair[] = [
      ['X-GitHub-Event', 'push'],
      ['x-many', '1'],
      ['x-many', '2'],
    ];
    expect(inputOf({ headers })['headers']).toEqual({ 'X-GitHub-Event': ['push'], 'x-many': ['1', '2'] });
  });

  test(`${DOCUMENT}: parameters are lists of values`, () => {
    const query: Pair[] = [
      ['a', '1'],
      ['a', '2'],
      ['b', ''],
    ];
    expect(inputOf({ query })['parameters']).toEqual({ a: ['1', '2'], b: [''] });
  });

  const secretHeaders: Pair[] = [
    ['Authorization', 'Bearer canary'],
    ['Cookie', 'canary'],
    ['X-Api-Key', 'canary'],
    ['Proxy-Authorization', 'canary'],
  ];

  test('credentials of the sender are not part of the input, unless that is configured', () => {
    const call = { headers: secretHeaders, query: [['token', 'canary'] as const] };
    expect(JSON.stringify(inputOf(call))).not.toContain('canary');
    const keeping = module.make({ credential_headers: 'keep' }).routes[0] as StartRoute;
    expect(JSON.stringify(keeping.mapInput(requestOf(call), bound).input)).toContain('Bearer canary');
  });

  test('no credential and no signature is answered', () => {
    const headers: Pair[] = [...secretHeaders, ['X-Hub-Signature-256', 'canary'], ['X-Plain', 'seen']];
    const run = { runId: 'r', workspace: 'default', workflow: bound.workflow, version: 'ab', traceId: 't' };
    const recorded = { ...run, replayed: false, requestedAt: '2026-01-01T00:00:00.000Z', input: {} };
    const answer = start.respond({ kind: 'accepted', run: recorded }, requestOf({ headers, body: '{"a":1}' }), bound);
    expect(answer.body).not.toContain('canary');
    expect(answer.body).toContain('seen');
  });
});

describe('4.4 answers', () => {
  const run = {
    runId: 'r1',
    workspace: 'default',
    workflow: bound.workflow,
    version: 'ab'.repeat(32),
    traceId: 't',
    replayed: false,
    requestedAt: '2026-01-01T00:00:00.000Z',
    input: {},
  };
  const request = requestOf({ body: '{"hello":"world"}' });

  test(`${DOCUMENT}: what was started is answered with the members that clients read`, () => {
    const answer = start.respond({ kind: 'accepted', run }, request, bound);
    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toEqual({
      tenantId: 'main',
      id: 'r1',
      namespace: 'company.team',
      flowId: 'webhook_flow',
      flowRevision: expect.any(Number) as number,
      labels: [
        { key: 'system.from', value: 'trigger' },
        { key: 'system.correlationId', value: 'r1' },
      ],
      state: {
        current: 'CREATED',
        histories: [{ state: 'CREATED', date: run.requestedAt }],
        duration: 'PT0S',
        startDate: run.requestedAt,
      },
      trigger: {
        id: 'webhook',
        type: 'io.kestra.plugin.core.trigger.Webhook',
        variables: { body: { hello: 'world' }, headers: {}, parameters: {} },
      },
      url: '/api/v1/main/executions/r1',
      deleted: false,
    });
  });

  test(`${DOCUMENT}: what is filtered has an answer without a body`, () => {
    expect(start.respond({ kind: 'filtered', reason: 'r' }, request, bound)).toEqual({ status: 204 });
  });

  test.each([
    ['completed', 200, 'SUCCESS'],
    ['failed', 500, 'FAILED'],
    ['timed_out', 500, 'FAILED'],
    ['cancelled', 500, 'KILLED'],
  ] as const)('a run that was waited for and is %s: %d', (status, expected, state) => {
    const answer = start.respond(
      { kind: 'ended', run, result: { run_id: 'r1', status, output: { a: 1 } } },
      request,
      bound,
    );
    expect(answer.status).toBe(expected);
    expect(JSON.parse(String(answer.body))).toMatchObject({ state: { current: state }, outputs: { a: 1 } });
  });

  test.each([
    ['waiting', 'CREATED'],
    ['dispatched', 'QUEUED'],
    ['running', 'RUNNING'],
    ['completed', 'SUCCESS'],
    ['failed', 'FAILED'],
    ['timed_out', 'FAILED'],
    ['cancel_requested', 'KILLING'],
    ['cancelled', 'KILLED'],
    ['rejected', 'CANCELLED'],
    ['attempt_failed', 'RETRYING'],
    ['attempt_lost', 'RESTARTED'],
  ])('%s is %s', (ours, theirs) => {
    expect(kestraState(ours)).toBe(theirs);
  });

  test('an execution that is over has its end, duration and every state that it passed', () => {
    const known = {
      id: 'r1',
      workflow: 'a/b',
      version: 'f'.repeat(64),
      requestedAt: '2026-01-01T00:00:00.000Z',
      startedAt: '2026-01-01T00:00:01.000Z',
      endedAt: '2026-01-01T00:00:03.500Z',
      state: 'completed',
      input: undefined,
    };
    const place = { ...placeOfWorkflow('a/b'), tenant: 'main', origin: '', triggerId: 't' };
    expect(executionOf(known, place)['state']).toEqual({
      current: 'SUCCESS',
      histories: [
        { state: 'CREATED', date: known.requestedAt },
        { state: 'RUNNING', date: known.startedAt },
        { state: 'SUCCESS', date: known.endedAt },
      ],
      duration: 'PT3.5S',
      startDate: known.requestedAt,
      endDate: known.endedAt,
    });
  });

  test.each<[AppError, number, string]>([
    [new AppError('not_found', 'kestra.flow_not_found', 'Flow not found'), 404, 'Not Found: Flow not found'],
    [start.notFound(request), 404, 'Not Found: Webhook not found'],
    [webhookDisabled(), 409, 'Illegal state: Cannot execute a disabled flow'],
    [new AppError('refused', 'trigger.stopped', 'x'), 409, 'Illegal state: Cannot execute a stopped trigger'],
    [
      new AppError('refused', 'workflow.not_in_service', 'line 1'),
      409,
      'Illegal state: Cannot execute an invalid flow',
    ],
    [new AppError('refused', 'http.method_not_allowed', 'no'), 405, 'Method Not Allowed: no'],
    [new AppError('bug', 'x', 'password'), 500, 'Internal server error: the log of the gateway knows more'],
  ])(`${DOCUMENT}: %s is %d, and its address has no key`, (error, status, message) => {
    const answer = kestra.renderError(error, undefined, PATH);
    expect(answer.status).toBe(status);
    const href = PATH.replace(KEY, '***');
    expect(JSON.parse(String(answer.body))).toEqual({ message, _links: { self: [{ href, templated: false }] } });
  });
});
