import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli, type RunCliOptions, runOnTerminal } from '../testing/run-cli.ts';
import { ADMIN, RUN_ID, type ScriptedGateway, startScriptedGateway } from '../testing/scripted-gateway.ts';

let gateway: ScriptedGateway;
beforeAll(async () => {
  gateway = await startScriptedGateway();
});
afterAll(() => gateway.close());

const access = () => ({ MILLRACE_URL: gateway.url, MILLRACE_TOKEN: ADMIN });
const cli = (args: readonly string[], options: RunCliOptions = {}) => runCli(args, { env: access(), ...options });

describe('exit codes', () => {
  test.each([
    ['a run that completed', ['run', 'ok/run'], 0],
    ['a run that failed', ['run', 'bad/run'], 1],
    ['a run whose time was up', ['run', 'bad/time'], 1],
    ['a conflict', ['run', 'is/taken'], 1],
    ['an unknown command', ['rnu'], 2],
    ['an unknown flag', ['run', 'ok/run', '--detatch'], 2],
    ['a missing argument', ['run'], 2],
    ['data that is no pair', ['run', 'ok/run', '-d', 'name'], 2],
    ['a wait that is no time', ['run', 'ok/run', '--wait', 'soon'], 2],
    ['input that the server refuses', ['run', 'is/bad'], 2],
    ['a token that is wrong', ['tasks', '--token', 'wrong'], 3],
    ['a token that may not', ['run', 'is/forbidden'], 3],
    ['a workflow that is not there', ['run', 'no/such'], 4],
    ['a run that is not there', ['status', RUN_ID], 4],
    ['a run that goes on', ['run', 'slow/run', '--wait', '300ms'], 5],
    ['a server at its limit', ['run', 'at/limit'], 6],
    ['a server that is not there', ['tasks', '--url', 'http://127.0.0.1:1'], 6],
  ])('%s', async (_what, args, code) => {
    const ended = await cli(args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.any(String)]);
    if (code !== 0) expect(ended.stderr).not.toBe('');
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  test('130 for Ctrl-C, with the way back to the run', async () => {
    const ended = await cli(['run', 'slow/run', '--follow'], { interruptAt: 'started' });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain('goes on');
    expect(ended.stderr).toContain('millrace logs -f ');
    expect(ended.stderr).toContain('millrace cancel ');
  });
});

test('commas part scopes, and the paths within a scope of Windmill', async () => {
  await cli(['token', 'create', '--scope', 'read,priority,run:a/*,jobs:run:scripts:a/b,c/d', '--scope', 'jobs:run']);
  const sent = gateway.requests.findLast(({ url }) => url === '/tokens');
  expect(JSON.parse(sent?.body ?? '')).toEqual({
    scopes: ['read', 'priority', 'run:a/*', 'jobs:run:scripts:a/b,c/d', 'jobs:run'],
  });
});

describe('run', () => {
  test('sends input and environment, and prints nothing but the result on stdout', async () => {
    const ended = await cli(
      ['run', 'ok/run', '-d', 'n=3', '-d', '@-', '--env', 'TARGET=x', '--idempotency-key', 'k1'],
      { input: '{"m":4}' },
    );
    expect(ended.stdout).toBe('{"n":1}\n');
    const sent = gateway.requests.findLast(({ method }) => method === 'POST');
    expect(JSON.parse(sent?.body ?? '')).toEqual({ input: { n: 3, m: 4 }, env: { TARGET: 'x' } });
    expect(sent?.headers).toMatchObject({ 'idempotency-key': 'k1', 'x-workflow-client': 'millrace-cli' });
  });

  test('prints the whole result with --json, the id alone with --detach', async () => {
    expect(JSON.parse((await cli(['run', 'bad/run', '--json'])).stdout)).toMatchObject({
      run_id: RUN_ID,
      status: 'failed',
      exit_code: 3,
    });
    expect((await cli(['run', 'slow/run', '--detach'])).stdout).toBe(`${RUN_ID}#slow/run\n`);
  });

  test('prints nothing but the result with --quiet: a text as it is, else one line of JSON', async () => {
    expect(await cli(['run', 'ok/run', '--quiet'])).toEqual({ code: 0, stdout: '{"n":1}\n', stderr: '' });
    expect(await cli(['run', 'ok/text', '-q'])).toEqual({ code: 0, stdout: 'two words\n', stderr: '' });
    expect(await cli(['run', 'ok/none', '-q'])).toEqual({ code: 0, stdout: '', stderr: '' });
    const failed = await cli(['run', 'bad/run', '-q']);
    expect([failed.code, failed.stdout, failed.stderr]).toEqual([1, '', expect.stringContaining('exit code 3')]);
  });

  test('prints the line that is the result once', async () => {
    const { stdout, stderr } = await cli(['run', 'ok/script', '--follow']);
    expect(stdout).toBe('{"n":1}\n');
    expect(stderr.split('\n').slice(1, 4)).toEqual(['begin', '{"step":1}', 'end']);
    expect(stderr).not.toContain('"n"');
  });

  test('tells a program what it follows in lines of JSON', async () => {
    const { stdout, stderr } = await cli(['run', 'ok/talk', '--follow', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' });
    const told = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(told.map(({ type }) => type)).toEqual(['state', 'state', 'log', 'progress', 'complete']);
  });

  test('follows in plain lines where nobody watches', async () => {
    const { stdout, stderr } = await cli(['run', 'ok/talk', '--follow']);
    expect(stdout).toBe(`${JSON.stringify('text\u009b2J')}\n`);
    expect(stderr.split('\n').map((line) => line.replace(/\+\d.*/, '+'))).toEqual([
      `run ${RUN_ID}#ok/talk of ok/talk`,
      'queued +',
      'started +',
      'plain',
      '␛]0;title␇coloured',
      'progress 40 % halfway␛[2J',
      `✓ run ${RUN_ID} completed`,
      '',
    ]);
  });

  test('proposes the workflow that was meant', async () => {
    expect((await cli(['run', 'ok/rnu'])).stderr).toContain('did you mean ok/run?');
  });
});

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('on a terminal', () => {
  const onTerminal = (args: readonly string[], env: RunCliOptions['env'] = {}) =>
    runOnTerminal(args, { ...access(), ...env });

  test('draws a progress bar, and obeys nothing that a run says', async () => {
    const shown = await onTerminal(['run', 'ok/talk', '--follow']);
    expect(shown).toMatch(/█+.*░+.* 40 % halfway␛\[2J/);
    expect(shown).toContain('␛]0;title␇coloured');
    expect(shown).toContain('"text\\u009b2J"');
    expect(shown).not.toContain('\u001b]0;');
    expect(shown).not.toContain('\u001b[2J');
    expect(shown).not.toContain('\u009b');
  });

  test('paints, and does not with NO_COLOR', async () => {
    expect(await onTerminal(['run', 'bad/run'])).toContain('\u001b[31m✗');
    expect(await onTerminal(['run', 'bad/run'], { NO_COLOR: '1' })).not.toContain('\u001b[31m');
    expect(await onTerminal(['tasks'])).toContain('Fine ␛[31m');
  });
});

describe('errors with --json', () => {
  test.each([
    ['an unknown command', ['rnu'], { code: 'cli.usage', exit_code: 2 }],
    ['an unknown flag', ['run', 'ok/run', '--detatch'], { code: 'cli.usage', exit_code: 2 }],
    ['two wrong flags', ['runs', '--limit', 'x', '--status', 'y'], { code: 'cli.usage', exit_code: 2 }],
    ['a missing argument', ['run'], { code: 'cli.usage', hint: expect.stringContaining('--help') }],
    ['data that is no pair', ['run', 'ok/run', '-d', 'name'], { code: 'cli.usage' }],
    ['a scope that is none', ['token', 'create', '--scope', 'bogus'], { code: 'cli.usage' }],
    ['an unknown shell', ['completion', 'csh'], { code: 'cli.usage' }],
    ['input that is refused', ['run', 'is/bad'], { code: 'input.invalid', status: 400, exit_code: 2 }],
    ['a wrong token', ['tasks', '--token', 'x'], { code: 'auth.unauthorized', status: 401, exit_code: 3 }],
    ['no such workflow', ['run', 'ok/rnu'], { status: 404, exit_code: 4, hint: 'did you mean ok/run?' }],
    ['no such folder', ['deploy', '/no/such'], { code: 'cli.usage' }],
    ['a run that goes on', ['run', 'slow/run', '--wait', '300ms'], { code: 'wait.timeout', exit_code: 5 }],
    ['no server', ['status', '--url', 'http://127.0.0.1:1'], { code: 'client.unreachable', exit_code: 6 }],
  ])('%s is one object on stderr', async (_what, args, problem) => {
    const { stdout, stderr, code } = await cli([...args, '--json']);
    expect([stdout, stderr.trim().split('\n')]).toEqual(['', [expect.stringMatching(/^\{.*\}$/)]]);
    const said = JSON.parse(stderr) as Record<string, unknown>;
    expect(said).toMatchObject({ message: expect.any(String), ...problem });
    expect(said['type']).toBe(`urn:millrace:${String(said['code'])}`);
    expect(said['exit_code']).toBe(code);
  });
});

describe('a server that is not Millrace', () => {
  const answering = async (type: string, body: string): Promise<{ readonly url: string; readonly server: Server }> => {
    const server = createServer((_request, response) => response.writeHead(200, { 'content-type': type }).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  };

  test.each([
    ['application/json', '{}'],
    ['text/html', '<!doctype html><title>nginx</title>'],
  ])('is called that when it answers %s %s', async (type, body) => {
    const { url, server } = await answering(type, body);
    const commands = [
      ['tasks'],
      ['run', 'a/b'],
      ['status'],
      ['runs'],
      ['logs', RUN_ID],
      ['logs', '-f', RUN_ID],
      ['cancel', RUN_ID],
    ];
    for (const command of commands) {
      const { code, stderr } = await cli([...command, '--url', url]);
      expect([command, code, stderr]).toEqual([
        command,
        6,
        expect.stringContaining(`${url} answers, but is not a Millrace server`),
      ]);
    }
    server.close();
  });
});

describe('finding the server', () => {
  const withServerFile = (content: object): string => {
    const folder = makeTempFolder('cli');
    mkdirSync(join(folder, '.millrace'));
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    writeFileSync(join(folder, '.millrace/server.json'), JSON.stringify(content));
    return folder;
  };

  test('walks up to .millrace/server.json, or takes MILLRACE_DATA_DIR', async () => {
    const folder = withServerFile({ url: gateway.url, token: ADMIN });
    expect((await cli(['tasks', '--json'], { cwd: join(folder, 'deep/er'), env: {} })).code).toBe(0);
    expect((await cli(['tasks', '--json'], { env: { MILLRACE_DATA_DIR: join(folder, '.millrace') } })).code).toBe(0);
  });

  test('sends the token of server.json to no other server', async () => {
    const folder = withServerFile({ url: 'http://127.0.0.1:1', token: ADMIN });
    const ended = await cli(['tasks', '--url', gateway.url], { cwd: folder, env: {} });
    expect(ended.code).toBe(3);
    expect(gateway.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('says what to do when there is none', async () => {
    const { code, stderr } = await cli(['tasks'], { env: {}, cwd: makeTempFolder('nothing') });
    expect(code).toBe(6);
    expect(stderr).toContain('millrace serve');
  });
});

describe('tasks', () => {
  test('lists what is in service on stdout and what was refused beside it', async () => {
    const { stdout, stderr } = await cli(['tasks']);
    expect(stdout).toBe(
      'PATH        KIND    VERSION   DESCRIPTION\nok/run      script  abcdef01  Fine ␛[31m\nbad/deploy  -       refused\n',
    );
    expect(stderr).toBe('refused: bad/deploy.sh:3 syntax error\n');
  });
});
