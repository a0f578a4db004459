/** Document 000, `workflow serve`, section by section in our words, and the rows of part 0 of the facts, on `millrace serve` as people start it. */
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { readServerConfig } from '@millrace/runtime';
import { eventually, type HttpCaller, makeHttpCaller } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServeProcess, startServe } from '../serve-process.ts';
import { SENDERS } from './serve-senders.ts';

const MAX_BYTES = 1_048_576;
/** Under which a reverse proxy is known. */
const PUBLIC_NAME = 'jobs.example.test';
const run = promisify(execFile);

const FILES = {
  'millrace.toml': `[server]\nport = 0\nmax_concurrent_runs = 4\nallowed_hosts = ["${PUBLIC_NAME}"]\n`,
  'workflows/backup/db-full.sh': '#!/bin/sh\necho "{\\"target\\":\\"$TARGET\\",\\"notify\\":\\"$NOTIFY\\"}"\n',
  'workflows/backup/slow.sh': '#!/bin/sh\nsleep 60\n',
  'workflows/backup/fail.sh': '#!/bin/sh\nexit 3\n',
  'workflows/backup/alert.sh': '#!/bin/sh\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n',
};

let server: ServeProcess | undefined;
let http: HttpCaller;

beforeAll(async () => {
  server = await startServe(FILES, '--bind', '0.0.0.0');
  http = makeHttpCaller(server.url, server.token);
});
afterAll(async () => {
  await server?.stop();
});

const started = (): ServeProcess => {
  if (server === undefined) throw new Error('the server has not started');
  return server;
};

const start = async (task: string, body?: unknown): Promise<string> => {
  const { json, status } = await http.post(`/run/${task}`, body === undefined ? {} : { body });
  expect(status).toBe(202);
  return (json as { readonly run_id: string }).run_id;
};

const over = (id: string): Promise<Readonly<Record<string, unknown>>> =>
  eventually(async () => {
    const { json } = await http.get(`/status/${id}`);
    expect(json).toMatchObject({ run_id: id, ended: expect.any(String) as string });
    return json as Readonly<Record<string, unknown>>;
  });

/** A block of the document, for a shell: only address and token are ours. */
const inShell = async (script: string): Promise<string> => {
  const here = script.replaceAll('http://localhost:8080', started().url).replaceAll('<token>', '$TOKEN');
  return (await run('bash', ['-c', here], { env: { ...process.env, TOKEN: started().token } })).stdout;
};

describe('000 Starting the server', () => {
  test('without flags it listens on port 8080 of this machine only', () => {
    expect(readServerConfig({ env: {}, cwd: '/' })).toMatchObject({ server: { port: 8080, bind: '127.0.0.1' } });
  });

  test('--port and --bind say otherwise', () => {
    const flags = { port: '9090', bind: '0.0.0.0' };
    expect(readServerConfig({ env: {}, cwd: '/', flags })).toMatchObject({ server: { port: 9090, bind: '0.0.0.0' } });
  });

  test('a token is made and printed on stdout, and opens everything', async () => {
    expect(started().token).toMatch(/^mr_\w{20,}$/);
    expect((await http.get('/tasks')).status).toBe(200);
  });
});

describe('000 Endpoints', () => {
  test('GET /health says that it is well', async () => {
    expect((await http.get('/health')).json).toMatchObject({ status: 'ok' });
  });

  test('GET /tasks lists what there is', async () => {
    const { json } = await http.get('/tasks');
    const { tasks } = json as { readonly tasks: readonly { readonly ref: string }[] };
    expect(tasks.map(({ ref }) => ref)).toEqual(['backup/alert', 'backup/db-full', 'backup/fail', 'backup/slow']);
    expect(tasks[1]).toMatchObject({ kind: 'ShellScript', path: expect.stringContaining('db-full.sh') as string });
  });

  test('POST /run/<category>/<task> starts it: 202 with its run_id', async () => {
    const { status, json } = await http.post('/run/backup/db-full');
    expect([status, json]).toMatchObject([
      202,
      { run_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, status: 'accepted', task_ref: 'backup/db-full' },
    ]);
  });

  test('GET /status/<run_id> says where a run is', async () => {
    expect(await over(await start('backup/db-full'))).toMatchObject({ status: 'completed', exit_code: 0, steps: 1 });
  });
});

describe('000 Authentication', () => {
  test('all but /health needs the token', async () => {
    const open = await http.get('/health', { token: null });
    expect(open.status).toBe(200);
    const refused = [
      await http.get('/tasks', { token: null }),
      await http.get('/status/any', { token: null }),
      await http.post('/run/backup/db-full', { token: null }),
      await http.post('/run/backup/db-full', { token: 'wrong' }),
    ];
    for (const { status, json } of refused) expect([status, json]).toEqual([401, { error: 'unauthorized' }]);
  });

  test('the example works with our address and token in it', async () => {
    const answer = await inShell(`curl -sS -X POST http://localhost:8080/run/backup/db-full \\
  -H "Authorization: Bearer <token>" \\
  -H "X-Workflow-Client: curl" \\
  -d '{"env": {"TARGET": "production"}}'`);
    const { run_id: id } = JSON.parse(answer) as { readonly run_id: string };
    expect(await over(id)).toMatchObject({ output: { target: 'production' } });
  });

  test('a start needs X-Workflow-Client, whatever it says as long as it says something', async () => {
    for (const [value, status] of [
      ['', 403],
      ['c', 202],
      ['any string at all', 202],
    ] as const) {
      const answer = await http.post('/run/backup/db-full', { headers: { 'x-workflow-client': value } });
      expect([value, answer.status]).toEqual([value, status]);
    }
  });
});

describe('000 Request body', () => {
  test('env sets variables of the workflow; the body may be left out', async () => {
    const env = { TARGET: 'production', NOTIFY: 'true' };
    expect(await over(await start('backup/db-full', { env }))).toMatchObject({
      output: { target: 'production', notify: 'true' },
    });
    expect(await over(await start('backup/db-full'))).toMatchObject({ output: { target: '', notify: '' } });
    const typed = await http.post('/run/backup/db-full', { headers: { 'content-type': 'application/json' } });
    expect(typed.status).toBe(202);
  });

  test('it has at most 1 MiB', async () => {
    const bodyOf = (bytes: number): string => `{"text":"${'a'.repeat(bytes - 11)}"}`;
    expect((await http.post('/run/backup/db-full', { body: bodyOf(MAX_BYTES) })).status).toBe(202);
    const { status, json } = await http.post('/run/backup/db-full', { body: bodyOf(MAX_BYTES + 1) });
    expect([status, json]).toEqual([413, { error: 'request body too large', max_bytes: MAX_BYTES }]);
  });
});

describe('000 Triggering and polling', () => {
  test('a start is answered while the run goes on, and the status says when it is over', async () => {
    const id = await start('backup/slow');
    expect((await http.get(`/status/${id}`)).json).toMatchObject({ run_id: id, status: 'running' });
    await http.post(`/runs/${id}/cancel`);
    expect(await over(id)).toMatchObject({ status: 'failed', state: 'cancelled' });
  });

  test('the example works with our address in it', async () => {
    const runId = `node -p 'JSON.parse(require("fs").readFileSync(0)).run_id'`;
    const status = await inShell(`RUN_ID=$(curl -s -X POST http://localhost:8080/run/backup/db-full \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "X-Workflow-Client: ci" | ${runId})
curl -s http://localhost:8080/status/$RUN_ID \\
  -H "Authorization: Bearer $TOKEN"`);
    expect(JSON.parse(status)).toMatchObject({ status: expect.toBeOneOf(['running', 'completed']) as string });
  });
});

describe('000 Concurrency, and Configuration', () => {
  test('four runs at once without any configuration', () => {
    expect(readServerConfig({ env: {}, cwd: '/' })).toMatchObject({ server: { maxConcurrentRuns: 4 } });
  });

  test('max_concurrent_runs in [server] is how many run; the next one waits', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await start('backup/slow'));
    const states = async (): Promise<readonly unknown[]> =>
      Promise.all(ids.map(async (id) => ((await http.get(`/status/${id}`)).json as { readonly state: string }).state));
    try {
      await eventually(async () => expect((await states()).slice(0, 4)).toEqual(Array(4).fill('running')));
      expect((await states()).at(4)).toBe('waiting');
    } finally {
      for (const id of ids) await http.post(`/runs/${id}/cancel`);
    }
    for (const id of ids) await over(id);
  });
});

describe('000 Use cases', () => {
  test.each(SENDERS)('%s posts to /run, and what it says is the input', async (_sender, body) => {
    expect(await over(await start('backup/alert', body))).toMatchObject({ output: body });
  });
});

/** A start with a `Host` of one's own, at an address of this machine. */
const startAs = (host: string, address: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${started().token}`, 'x-workflow-client': 'proxy' };
    const { port } = new URL(started().url);
    const call = request({ host: address, port, method: 'POST', path: '/run/backup/db-full', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    call.once('error', reject).end();
  });

describe('000 Warning: what others can reach', () => {
  test('bound to 0.0.0.0 it is there at every address of the machine', async () => {
    const addresses = Object.values(networkInterfaces())
      .flat()
      .flatMap((one) => (one?.family === 'IPv4' ? [one.address] : []));
    expect(addresses).not.toEqual([]);
    for (const address of addresses) expect([address, await startAs(address, address)]).toEqual([address, 202]);
  });

  test('behind a proxy with TLS it answers to the name that is configured, and to no other', async () => {
    expect(await startAs(PUBLIC_NAME, '127.0.0.1')).toBe(202);
    expect(await startAs('elsewhere.example.test', '127.0.0.1')).toBe(421);
  });
});

describe('000 Exit codes', () => {
  test('how a run ended is in its status', async () => {
    expect(await over(await start('backup/fail'))).toMatchObject({ status: 'failed', exit_code: 3 });
  });

  test('for non-server usage: the command ends with 0 when the run completed, and not when it failed', async () => {
    expect((await started().command('run', 'backup/db-full')).code).toBe(0);
    expect((await started().command('run', 'backup/fail')).code).toBe(1);
  });
});

describe('000 by its source', () => {
  test.each<[string, string, number, object]>([
    ['GET', '/status/unknown', 404, { error: 'run not found' }],
    ['POST', '/run/none/such', 404, { error: 'task not found: none/such' }],
    ['POST', '/run/backup/db-full/', 404, { error: 'task not found: backup/db-full/' }],
    ['POST', '/run/backup%2Fdb-full', 404, { error: 'task not found: backup%2Fdb-full' }],
    ['POST', '/nothing', 404, { error: 'not found' }],
    ['GET', '/nothing', 404, { error: 'not found' }],
  ])('0.1 %s %s is %i', async (method, path, status, body) => {
    const answer = await http.call(method, path);
    expect([answer.status, answer.json]).toEqual([status, body]);
  });

  test.each(['POST', 'PUT', 'DELETE'])('0.1 %s without X-Workflow-Client is 403', async (method) => {
    const answer = await http.call(method, '/run/backup/db-full', { headers: { 'x-workflow-client': '' } });
    expect([answer.status, answer.json]).toEqual([403, { error: 'missing X-Workflow-Client header' }]);
  });

  test('0.1 a dot stands for a slash, and the query is no part of the name', async () => {
    for (const path of ['/run/backup.db-full', '/run/backup/db-full?any=thing'])
      expect((await http.post(path)).json).toMatchObject({ task_ref: 'backup/db-full' });
  });

  test('0.2 the scheme is Bearer with one space, in this case', async () => {
    const { token } = started();
    for (const authorization of [`bearer ${token}`, `Bearer  ${token}`, token])
      expect((await http.get('/tasks', { token: null, headers: { authorization } })).status).toBe(401);
  });

  test('0.3 the content type does not matter', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { json } = await http.post('/run/backup/db-full', { headers, body: '{"env":{"TARGET":"a"}}' });
    expect(await over((json as { readonly run_id: string }).run_id)).toMatchObject({ output: { target: 'a' } });
  });

  test.each(['{"env":', '[]', '{"env":{"TARGET":1}}', '{"env":[]}'])(
    '0.3 a body that would have been dropped in silence is refused: %s',
    async (body) => expect((await http.post('/run/backup/db-full', { body })).status).toBe(400),
  );

  test('0.4 a status has its documented members, and times with an offset', async () => {
    expect(await over(await start('backup/db-full'))).toMatchObject({
      run_id: expect.any(String) as string,
      status: 'completed',
      exit_code: 0,
      steps: 1,
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/) as string,
      ended: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/) as string,
    });
  });
});

test('000 Exit codes: a server that is told to end ends with 0', async () => {
  expect(await started().stop('SIGINT')).toBe(0);
  server = undefined;
});
