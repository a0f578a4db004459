import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { readRoutes } from './described-routes.ts';
import { ECHO } from './platform.ts';

const RETURNS_INPUT = '#!/bin/sh\ncat "$MILLRACE_INPUT" > "$MILLRACE_OUTPUT"\n';
const LOOKS_FOR_POLLUTION = `
import { defineWorkflow } from '@millrace/sdk';
export default defineWorkflow({}, async ({ input }) => ({
  polluted: ({} as Record<string, unknown>)['polluted'] ?? null,
  own: Object.keys(input as object),
}));
`;

const CONDITIONS = `triggers:
  - { dialect: hooks, id: pattern, path: /a19/pattern, auth: public, when: 'body.text.matches("(a+)+(x+x+)+y$")' }
  - { dialect: hooks, id: loops, path: /a19/loops, auth: public, when: 'body.list.all(x, body.list.all(y, x == y || true))' }
  - { dialect: hooks, id: kestra, path: /a19/kestra, auth: public, when: "{{ trigger.body.text == '49' }}" }
  - { dialect: hooks, id: told, path: /a19/told, auth: public, when: 'body.go == "on"' }
`;
const PUBLIC = `triggers:
  - { dialect: hooks, id: said, path: /a25/said, auth: public, mode: async }
  - { dialect: hooks, id: unsaid, path: /a25/unsaid }
`;
const COUNTS_CANARIES = '#!/bin/sh\nenv | grep -c CANARY\n';

/** What some engine evaluates, expands or runs. */
const HOSTILE = [
  '{{ 7*7 }}',
  '{{ trigger.body }}',
  "{{ constructor.constructor('return process')().exit(1) }}",
  '${7*7}',
  '${process.exit(1)}',
  '#{7*7}',
  '<%= 7*7 %>',
  '={{ $json.x }}',
  '{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}',
  '$(touch /tmp/never)',
  '`touch /tmp/never`',
  '; exit 9; #',
  '&& exit 9',
  '| exit 9',
  '"\n exit 9\n"',
  "'; exit 9; '",
  '--help',
  '-e process.exit(9)',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  'constructor',
  '__proto__',
  'toString',
  '\u0000',
  '\ud800',
  '\u202e\u0007\u001b]52;c;AAAA\u0007',
  `${'a'.repeat(2_000)}!`,
];

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'attack/script.sh': RETURNS_INPUT,
      'attack/typed.ts': ECHO,
      'attack/pollution.ts': LOOKS_FOR_POLLUTION,
      'attack/conditions.sh': RETURNS_INPUT,
      'attack/conditions.yaml': CONDITIONS,
      'attack/open.sh': COUNTS_CANARIES,
      'attack/open.yaml': PUBLIC,
    },
  });
});
afterAll(() => platform.stop());

const outputOf = async (workflow: string, input: unknown): Promise<unknown> => {
  const { status, json, text } = await platform.http.post(`/run/${workflow}?wait=20`, { body: { input } });
  if (status !== 200) throw new Error(`${workflow} answered ${status}: ${text}`);
  return (json as { readonly output: unknown }).output;
};

describe('A19: what comes with a request is data, wherever it goes', () => {
  test.each(['attack/script', 'attack/typed'])('%s gets it as it was sent', async (workflow) => {
    const input = { list: HOSTILE, nested: { value: HOSTILE } };
    expect(await outputOf(workflow, input)).toEqual(input);
  });

  test('names of members are data too', async () => {
    const input = Object.fromEntries(HOSTILE.filter((name) => name !== '__proto__').map((name) => [name, name]));
    expect(await outputOf('attack/typed', input)).toEqual(input);
  });
});

const posted = (path: string, body: unknown) => platform.http.post(path, { token: null, body });

describe('A19: conditions are asked about what comes, and never long', () => {
  test.each<readonly [string, string, object]>([
    [
      'a pattern that elsewhere takes time without end',
      '/hooks/a19/pattern',
      { text: 'a'.repeat(5_000) + 'x'.repeat(5_000) },
    ],
    ['loops in loops', '/hooks/a19/loops', { list: Array.from({ length: 5_000 }, (_, index) => index) }],
    ...HOSTILE.map((text) => [JSON.stringify(text).slice(0, 60), '/hooks/a19/kestra', { text }] as const),
    ['a text for a list', '/hooks/a19/loops', { list: 'x'.repeat(100_000) }],
    ['nothing', '/hooks/a19/pattern', {}],
  ])('%s starts nothing, and the next request is answered', async (_what, path, body) => {
    const filtered = await posted(path, body);
    expect([filtered.status, filtered.text]).toEqual([204, '']);
    expect((await posted('/hooks/a19/told', { go: 'on' })).status).toBe(202);
  });
});

describe('A25: public is what says so', () => {
  test('a trigger that says nothing wants a token', async () => {
    expect((await posted('/hooks/a25/unsaid', {})).status).toBe(401);
    expect((await posted('/hooks/a25/said', {})).status).toBe(202);
  });

  test('who is nobody gives a run no environment, gets no result, and sees nothing of it', async () => {
    const canary = { env: { CANARY: 'x' }, CANARY: 'x' };
    const started = await platform.http.post('/hooks/a25/said?wait=5&env=CANARY', { token: null, body: canary });
    expect([started.status, started.json]).toEqual([202, expect.not.objectContaining({ output: expect.anything() })]);
    const { run_id: runId } = started.json as { run_id: string };
    for (const path of [`/runs/${runId}`, `/runs/${runId}/logs`, `/status/${runId}`]) {
      expect((await platform.http.get(path, { token: null })).status).toBe(401);
    }
    expect(await untilEnded(platform.http, runId)).toMatchObject({ state: 'failed', exit_code: 1 });
    expect((await platform.http.get(`/runs/${runId}/logs`)).text).toMatch(/^0$/m);
  });
});

describe('A20: no request changes what objects are', () => {
  test.each([
    '{"__proto__":{"polluted":1}}',
    '{"input":{"__proto__":{"polluted":1}}}',
    '{"input":{"a":[{"b":{"__proto__":{"polluted":1}}}]}}',
    '{"env":{"__proto__":{"polluted":"1"}}}',
    '{"\\u005f_proto__":{"polluted":1}}',
  ])('%s is refused', async (body) => {
    const { status, json } = await platform.http.post('/run/attack/pollution', { body });
    expect([status, (json as { code: string }).code]).toEqual([400, 'body.forbidden_name']);
  });

  test.each([
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"input":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"input":{"prototype":{"polluted":1},"toString":1,"hasOwnProperty":1,"valueOf":null,"then":1}}',
  ])('%s changes nothing', async (body) => {
    const { status, json } = await platform.http.post('/run/attack/pollution?wait=20', { body });
    expect(status).toBe(200);
    expect(json).toMatchObject({ output: { polluted: null } });
  });

  test('of the server itself neither, by other routes and by headers', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
    for (const name of names) {
      for (const path of [`/runs?${name}=1`, `/runs?${name}[polluted]=1`, `/workflows/${name}`, `/runs/${name}`]) {
        const { status } = await platform.http.get(path);
        expect([path, [400, 404].includes(status)]).toEqual([path, true]);
      }
      expect((await platform.http.post(`/run/${name}/${name}`, { body: {} })).status).toBe(404);
      const { status } = await platform.http.post('/tokens', { body: `{"${name}":{"polluted":1},"scopes":["read"]}` });
      expect([name, status]).toEqual([name, 400]);
      const { status: read } = await platform.http.get('/runs', { headers: { [name]: 'polluted' } });
      expect([name, read]).toEqual([name, 200]);
    }
    expect(await outputOf('attack/pollution', {})).toEqual({ polluted: null, own: [] });
  });
});

/** Some statements sleep for so long where they are executed. */
const SLEEP_MS = 20_000;
/** Strings by which scanners find statements that are put together from text. */
const STATEMENTS = [
  "'",
  '"',
  '\\',
  "' OR '1'='1",
  "' OR 1=1 --",
  "'; DROP TABLE run; --",
  "') UNION SELECT id, input FROM run --",
  '1; SELECT pg_sleep(20) --',
  "' AND (SELECT 1 FROM pg_sleep(20)) IS NOT NULL --",
  '$1',
  '%27%20OR%201=1',
  '%',
  '_',
  "E'\\x27'",
  '\u0000',
  '\ud800',
  "2026-01-01T00:00:00Z' OR true --",
  '1e400',
  '-1',
  '9223372036854775808',
];
const LEAKS = /syntax error|unterminated|kysely|sqlstate|relation "|invalid input|\bpg_|select /i;
/** An answer without what the caller said itself. */
const without = (statement: string, text: string): string =>
  text.replaceAll(JSON.stringify(statement).slice(1, -1), '');

describe('A21: filters are values, never statements', () => {
  let tables: string;
  const tableNames = async (): Promise<string> => {
    const client = new pg.Client({ connectionString: platform.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query("select tablename from pg_tables where schemaname = 'public' order by 1");
      return JSON.stringify(rows);
    } finally {
      await client.end();
    }
  };
  beforeAll(async () => {
    tables = await tableNames();
    await untilEnded(platform.http, await startRun(platform.http, 'attack/script'));
  });

  test('every parameter of every route that reads takes every string', async () => {
    const id = await startRun(platform.http, 'attack/script');
    await untilEnded(platform.http, id);
    const routes = await readRoutes(platform.http, { path: 'attack/script', id });
    const asks = routes
      .filter(({ method, path }) => method === 'GET' && !path.startsWith('/run/'))
      .flatMap(({ path, parameters }) => [...parameters, 'unknown'].map((name) => ({ path, name })));
    expect(asks.length).toBeGreaterThan(10);
    for (const { path, name } of asks) {
      const began = performance.now();
      await Promise.all(
        STATEMENTS.map(async (statement) => {
          const { status, text } = await platform.http.get(`${path}?${name}=${encodeText(statement)}`);
          expect([path, name, statement, status < 500 || text]).toEqual([path, name, statement, true]);
          expect(without(statement, text)).not.toMatch(LEAKS);
        }),
      );
      expect(performance.now() - began).toBeLessThan(SLEEP_MS);
    }
    expect(await tableNames()).toBe(tables);
  });

  test('so are names in addresses', async () => {
    for (const statement of STATEMENTS) {
      const text = encodeText(statement);
      for (const path of [`/runs/${text}`, `/status/${text}`, `/workflows/${text}`, `/runs/${text}/logs`]) {
        const { status, text: body } = await platform.http.get(path);
        expect([path, status === 400 || status === 404]).toEqual([path, true]);
        expect(without(statement, body)).not.toMatch(LEAKS);
      }
    }
    expect(await tableNames()).toBe(tables);
  });

  test('and a filter that says "all" finds nothing', async () => {
    for (const statement of ["' OR '1'='1", '%', '_', '*']) {
      const { status, json } = await platform.http.get(`/runs?workflow=${encodeURIComponent(statement)}`);
      expect(status === 400 || JSON.stringify(json) === '{"runs":[]}').toBe(true);
    }
  });
});

/** Percent-encoded; what is no Unicode as the bytes that some client would send. */
const encodeText = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80');
