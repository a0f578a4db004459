/** Document 003, HTTP endpoints, against the running product: what it says, section by section, with workflows in Python as there. */
import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Request, startWorld, type World } from '../world.ts';

const SECRET = 'a-secret-of-the-sender';
const SOURCES = {
  open: '6f1c2b3a-7d58-4f0e-9a4b-2f6f0c6b1d10',
  signed: '6f1c2b3a-7d58-4f0e-9a4b-2f6f0c6b1d11',
  graph: '6F1C2B3A-7D58-4F0E-9A4B-2F6F0C6B1D12',
  rated: '6f1c2b3a-7d58-4f0e-9a4b-2f6f0c6b1d13',
} as const;
const OWN_KEY = 'a-key-of-one-endpoint';

/** Calls a function by the names of its parameters, and returns what it returns. */
const python = (definition: string): string => `import hashlib, hmac, inspect, json, os

${definition.trim()}

with open(os.environ["MILLRACE_INPUT"], encoding="utf-8") as file:
    given = json.load(file)
asked = inspect.signature(endpoint).parameters
result = endpoint(**{name: given[name] for name in asked if name in given})
with open(os.environ["MILLRACE_OUTPUT"], "w", encoding="utf-8") as file:
    json.dump(result, file)
`;

const verifying = (signed: string, parameters: string): string =>
  python(`
def endpoint(${parameters}, headers: dict):
    expected = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), ${signed}.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(headers.get("X-Signature-256", ""), f"sha256={expected}"):
        return {"error": "not signed"}, 401
    return {"status": "signed"}
`);

const ECHO = python('def endpoint(payload: dict):\n    return {"payload": payload}');
const DONE = python('def endpoint():\n    return {"done": True}');

const declared = (members = ''): string => `triggers: [{ dialect: endpoints${members} }]\n`;
const signedDeclared = `secrets: [WEBHOOK_SECRET]\n${declared(', public_endpoint: true')}`;

const WORKFLOWS: Readonly<Record<string, string>> = {
  'api/takes_payload.py': ECHO,
  'api/takes_payload.yaml': declared(', endpoint_enabled: true, allowed_methods: [POST]'),
  'api/not_declared.py': DONE,
  'api/switched_off.py': DONE,
  'api/switched_off.yaml': declared(', endpoint_enabled: false'),
  'api/by_default.py': DONE,
  'api/by_default.yaml': declared(),
  'api/for_anyone.py': python('def endpoint(payload: dict):\n    return {"event": payload.get("action")}'),
  'api/for_anyone.yaml': declared(', public_endpoint: true'),
  'api/own_key.py': DONE,
  'api/own_key.yaml': declared(`, disable_global_key: true, key: ${OWN_KEY}`),
  'api/all_methods.py': DONE,
  'api/all_methods.yaml': declared(', allowed_methods: [GET, POST, PUT, PATCH, DELETE]'),
  'api/flexible.py': python(
    'def endpoint(query: str = None, payload: dict = None):\n    return {"query": query, "payload": payload}',
  ),
  'api/flexible.yaml': declared(', allowed_methods: [GET, POST]'),
  'api/signs_bytes.py': verifying('raw_body', 'raw_body: str'),
  'api/signs_bytes.yaml': signedDeclared,
  'api/signs_payload.py': verifying('str(payload)', 'payload: dict'),
  'api/signs_payload.yaml': signedDeclared,
  'api/request_data.py': python(
    'def endpoint(body: dict, query_param: str = "none"):\n    return {"body": body, "query": query_param}',
  ),
  'api/request_data.yaml': declared(),
  'api/tuple_of_two.py': python('def endpoint():\n    return {"created": True}, 201'),
  'api/tuple_of_two.yaml': declared(),
  'api/in_background.py': python('def endpoint(data: dict):\n    return {"done": data}'),
  'api/in_background.yaml': declared(', execution_mode: async'),
  'api/says_sync.py': DONE,
  'api/says_sync.yaml': declared(', execution_mode: sync'),
  'api/slash_command.py': python(
    'def endpoint(payload: dict):\n    return {"response_type": "in_channel", "text": payload["user_name"] + " said " + payload["text"]}',
  ),
  'api/slash_command.yaml': declared(', public_endpoint: true'),
  'api/events.py': python(
    'def endpoint(action: str, _event: dict):\n    return [action, _event["type"], _event["body"]]',
  ),
  'api/events.yaml': `
triggers:
  - { dialect: endpoints, id: open, event_source: ${SOURCES.open}, auth: public, event_type_header: X-Event-Type }
  - { dialect: endpoints, id: signed, event_source: ${SOURCES.signed}, signature: { preset: bifrost-generic, secret: WEBHOOK_SECRET } }
  - { dialect: endpoints, id: graph, event_source: ${SOURCES.graph}, signature: { preset: microsoft-graph, secret: WEBHOOK_SECRET } }
  - { dialect: endpoints, id: rated, event_source: ${SOURCES.rated}, auth: public, rate_limit: { requests: 1, per: 60 } }
`,
};

let world: World;
let stop = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  const started = await startWorld({ workflows: WORKFLOWS, secrets: { WEBHOOK_SECRET: SECRET } });
  ({ stop } = started);
  world = started;
});
afterAll(() => stop());

const call = (name: string, request: Request = {}) => world.call(`/api/endpoints/${name}`, request);
/** As senders of webhooks call: without any token of the server. */
const anyone = (name: string, request: Request = {}) => call(name, { token: null, ...request });

describe('003, basic endpoint', () => {
  test('a workflow is called by its name, gets the body as its payload, and its result is the answer', async () => {
    const { status, json } = await call('takes_payload', { body: { a: 1 } });
    expect([status, json]).toEqual([200, { payload: { a: 1 } }]);
  });
});

describe('003, parameters of an endpoint', () => {
  test('a workflow is none unless it says so', async () => {
    for (const name of ['not_declared', 'switched_off', 'no_such_workflow'])
      expect([name, (await call(name, { body: {} })).status]).toEqual([name, 404]);
  });

  test('by default it takes POST, with a key, any of this server', async () => {
    expect((await call('by_default', { body: {} })).json).toEqual({ done: true });
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const { status, headers } = await call('by_default', { method });
      expect([method, status]).toEqual([method, 405]);
      if (method === 'GET') expect(headers.get('allow')).toBe('POST');
    }
    expect((await anyone('by_default', { body: {} })).status).toBe(401);
    const token = await world.token('run:api/*');
    expect((await call('by_default', { token, body: {} })).status).toBe(200);
  });

  test('public: nobody is asked for a key', async () => {
    expect((await anyone('for_anyone', { body: { action: 'opened' } })).json).toEqual({ event: 'opened' });
  });

  test('without global keys only those of the workflow count', async () => {
    expect((await call('own_key', { body: {} })).status).toBe(401);
    const others = await world.token('run:api/*');
    expect((await call('own_key', { token: others, body: {} })).status).toBe(401);
    const [own, declaredKey] = [await world.token('run:api/own_key'), OWN_KEY];
    for (const token of [own, declaredKey]) expect((await call('own_key', { token, body: {} })).status).toBe(200);
  });
});

describe('003, URL pattern', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('%s of /api/endpoints/<name>', async (method) => {
    expect((await call('all_methods', { method })).json).toEqual({ done: true });
  });
});

describe('003, authentication', () => {
  test('a key is a bearer token, or stands in the header of its servers', async () => {
    const key = await world.token('run:api/takes_payload');
    const bearer = await call('takes_payload', { token: key, body: { data: 'value' } });
    expect(bearer.json).toEqual({ payload: { data: 'value' } });
    const headers = { 'x-bifrost-key': key };
    expect((await anyone('takes_payload', { headers, body: { data: 'value' } })).status).toBe(200);
  });

  test('a session has a token that ends, and it is as good as a key', async () => {
    const { json } = await world.call('/tokens', { body: { scopes: ['run:api/*'], expires_in: '8h' } });
    const { token } = json as { readonly token: string };
    expect((await call('takes_payload', { token, body: { data: 1 } })).json).toEqual({ payload: { data: 1 } });
  });

  test('without one, and with a wrong one, nothing runs', async () => {
    const before = await world.runsOf('api/takes_payload');
    for (const token of [null, 'wrong', OWN_KEY])
      expect((await call('takes_payload', { token, body: {} })).json).toEqual({ detail: 'Invalid or expired API key' });
    expect(await world.runsOf('api/takes_payload')).toBe(before);
  });

  test('a webhook of GitHub needs none where the endpoint is public', async () => {
    const headers = { 'x-github-event': 'pull_request', 'user-agent': 'GitHub-Hookshot/044aadd' };
    expect((await anyone('for_anyone', { headers, body: { action: 'closed' } })).json).toEqual({ event: 'closed' });
  });
});

describe('003, HTTP methods', () => {
  test('one endpoint takes several, each with its own parameters', async () => {
    expect((await call('flexible?query=find', { method: 'GET' })).json).toEqual({ query: 'find', payload: null });
    expect((await call('flexible', { body: { a: 1 } })).json).toEqual({ query: null, payload: { a: 1 } });
    expect((await call('flexible?query=find', { body: { a: 1 } })).json).toEqual({ query: 'find', payload: { a: 1 } });
    expect((await call('flexible', { method: 'PUT', body: {} })).status).toBe(405);
  });
});

describe('003, signatures', () => {
  const BODY = '{"action": "opened",  "number": 1}';
  const sign = (text: string): string => `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`;

  test.each([
    ['the bytes that came', 'signs_bytes', BODY],
    ['the payload as Python writes it', 'signs_payload', "{'action': 'opened', 'number': 1}"],
  ])('a workflow checks with its secret who signed %s', async (_what, name, signed) => {
    const send = (signature?: string) =>
      anyone(name, { body: BODY, headers: signature === undefined ? {} : { 'X-Signature-256': signature } });
    const good = await send(sign(signed));
    expect([good.status, good.json]).toEqual([200, { status: 'signed' }]);
    for (const bad of [await send(sign(`${signed} `)), await send('sha256=00'), await send()])
      expect([bad.status, bad.json]).toEqual([401, { error: 'not signed' }]);
  });
});

describe('003, request data', () => {
  test('the body and a parameter of the query come by their names', async () => {
    const given = await call('request_data?query_param=x', { body: { n: 1 } });
    expect(given.json).toEqual({ body: { n: 1 }, query: 'x' });
    expect((await call('request_data', { body: { n: 1 } })).json).toEqual({ body: { n: 1 }, query: 'none' });
  });
});

describe('003, answers', () => {
  test('what a workflow returns is sent as JSON', async () => {
    const { status, headers, text } = await call('by_default', { body: {} });
    expect([status, text]).toEqual([200, '{"done":true}']);
    expect(headers.get('content-type')).toMatch(/^application\/json\b/);
  });

  test('of a pair the second is the status', async () => {
    const { status, json } = await call('tuple_of_two', { body: {} });
    expect([status, json]).toEqual([201, { created: true }]);
  });
});

describe('003, execution mode', () => {
  test('sync is implied, and can be said', async () => {
    for (const name of ['by_default', 'says_sync'])
      expect((await call(name, { body: {} })).json).toEqual({ done: true });
  });

  test('async answers at once with an id, by which the same key finds the result', async () => {
    const token = await world.token('run:api/in_background');
    const { status, json } = await call('in_background', { token, body: { data: { n: 1 } } });
    const { execution_id: id } = json as { readonly execution_id: string };
    expect([status, json]).toMatchObject([200, { status: 'Pending', result: null }]);
    await eventually(
      async () => {
        const polled = await world.call(`/api/executions/${id}`, { method: 'GET', token });
        expect(polled.json).toMatchObject({ execution_id: id, status: 'Success', result: { done: { n: 1 } } });
      },
      { timeoutMs: 30_000 },
    );
  });
});

describe('003, example of Slack', () => {
  test('the fields of a slash command are the payload, and the answer is for the channel', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'token=x&command=%2Fday&text=94070+now&user_name=Steve';
    const { status, json } = await anyone('slash_command', { headers, body });
    expect([status, json]).toEqual([200, { response_type: 'in_channel', text: 'Steve said 94070 now' }]);
  });
});

describe('003, 3.6 of the facts: webhooks of others', () => {
  const send = (source: string, request: Request = {}) =>
    world.call(`/api/hooks/${source}`, { token: null, body: { action: 'opened' }, ...request });
  const signature = `sha256=${createHmac('sha256', SECRET).update('{"action":"opened"}').digest('hex')}`;

  test.each<[string, string, Request, readonly [number, string]]>([
    ['accepted', SOURCES.open, {}, [202, 'Accepted']],
    ['its address in capitals', SOURCES.graph.toLowerCase(), { body: 'x' }, [401, 'Invalid signature']],
    ['signed', SOURCES.signed, { headers: { 'x-signature-256': signature } }, [202, 'Accepted']],
    ['not signed', SOURCES.signed, {}, [401, 'Missing signature header: x-signature-256']],
    ['signed otherwise', SOURCES.signed, { headers: { 'x-signature-256': 'sha256=00' } }, [401, 'Invalid signature']],
    ['a challenge', `${SOURCES.graph}?validationToken=a%20b`, { body: undefined }, [200, 'a b']],
    ['unknown', '6f1c2b3a-7d58-4f0e-9a4b-2f6f0c6b1d1f', {}, [404, 'Not Found']],
    ['health', 'health', { method: 'GET', body: undefined }, [200, 'OK']],
  ])('%s', async (_what, source, request, answered) => {
    const answer = await send(source, request);
    expect([answer.status, answer.text]).toEqual(answered);
  });

  test.each(['PUT', 'PATCH', 'DELETE'])('%s is taken as well', async (method) => {
    expect((await send(SOURCES.open, { method })).status).toBe(202);
  });

  test('the rate of a source', async () => {
    await send(SOURCES.rated);
    const { status, json, headers } = await send(SOURCES.rated);
    expect([status, json]).toEqual([429, { error: 'rate_limit_exceeded', source_id: SOURCES.rated }]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('a workflow reads the fields of the body, and the event beside them', async () => {
    await send(SOURCES.open, { body: { action: 'told' }, headers: { 'X-Event-Type': 'issues' } });
    await eventually(
      async () => {
        const { json } = await world.call('/runs?workflow=api/events&limit=100', { method: 'GET' });
        const { runs } = json as { readonly runs: readonly { readonly run_id: string }[] };
        const outputs = await Promise.all(runs.map(async ({ run_id: id }) => (await world.ended(id))['output']));
        expect(outputs).toContainEqual(['told', 'issues', { action: 'told' }]);
      },
      { timeoutMs: 30_000 },
    );
  });
});
