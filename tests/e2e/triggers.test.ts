/** The example with a trigger, from its declaration to a push that GitHub's own library has signed; and what the command line says of it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhooks } from '@octokit/webhooks';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SECRET = 'a-secret-of-the-example';
const KEY = 'a-key-that-must-not-be-shown';
const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({
    workflowsFrom: join(ROOT, 'workflows'),
    workflows: {
      'hooks/open.sh': '#!/bin/sh\ntrue\n',
      'hooks/open.yaml':
        'triggers:\n  - { dialect: hooks, path: /open, auth: public }\n  - { dialect: hooks, id: keyed, path: /keyed, key: ' +
        KEY +
        ' }\n',
      'hooks/taken.sh': '#!/bin/sh\ntrue\n',
    },
  });
});
afterAll(() => platform.stop());

const millrace = async (...args: readonly string[]) => {
  const env = { ...process.env, MILLRACE_URL: platform.url, MILLRACE_TOKEN: platform.token, GITHUB_SECRET: SECRET };
  const { stdout } = await run(process.execPath, [join(ROOT, 'libs/cli/bin/millrace.mjs'), ...args], {
    env,
    cwd: platform.home,
  });
  return stdout;
};

const post = (path: string, headers: Readonly<Record<string, string>>, body: string) =>
  fetch(`${platform.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

test('a trigger whose secret nobody has set refuses, and doctor and trigger list say why', async () => {
  const listed = JSON.parse(await millrace('trigger', 'list', '--json')) as { readonly triggers: readonly object[] };
  expect(listed.triggers).toMatchObject([
    { workflow: 'github/on-push', id: 'push', state: 'enabled', missing_secrets: ['GITHUB_SECRET'] },
    { workflow: 'hooks/open', id: 'hooks', auth: 'public' },
    { workflow: 'hooks/open', id: 'keyed', auth: 'workflow_key' },
  ]);
  expect(JSON.stringify(listed)).not.toContain(KEY);
  const { findings } = JSON.parse(await millrace('doctor', '--json')) as {
    readonly findings: readonly { readonly detail: string }[];
  };
  const details = findings.map(({ detail }) => detail);
  expect(details).toContain('github/on-push#push needs the secret GITHUB_SECRET, which nobody has set');
  expect(details).toContain('hooks/open#hooks is public: anybody who reaches this server may start it');
  const push = await post('/hooks/github/push', {}, '{}');
  expect(push.status).toBe(401);
});

test('a signed push runs the example, the same one again is the same run', async () => {
  await platform.http.call('PUT', '/secrets/GITHUB_SECRET', { body: { value: SECRET } });
  const body = JSON.stringify({ ref: 'refs/heads/main', after: 'abc123', repository: { full_name: 'acme/shop' } });
  const signature = await new Webhooks({ secret: SECRET }).sign(body);
  const headers = { 'x-github-event': 'push', 'x-github-delivery': 'd-1', 'x-hub-signature-256': signature };
  await eventually(async () => {
    const answer = await post('/hooks/github/push?wait=20', headers, body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'completed',
      output: { repository: 'acme/shop', commit: 'abc123' },
    });
  });
  const first = (await (await post('/hooks/github/push', headers, body)).json()) as { readonly run_id: string };
  const again = (await (await post('/hooks/github/push', headers, body)).json()) as { readonly run_id: string };
  expect(again.run_id).toBe(first.run_id);
});

test('trigger send signs what GitHub would send, with the secret of the trigger', async () => {
  const sent = JSON.parse(await millrace('trigger', 'send', 'github.push', '--sign', '--json')) as {
    readonly status: number;
  };
  expect(sent.status).toBe(202);
});

test('every line of trigger curl is one that a shell can run, and the open one starts a run', async () => {
  const lines = (await millrace('trigger', 'curl', 'hooks/open'))
    .split('\n')
    .filter((line) => line.startsWith('curl '));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.filter((line) => line.includes('/executions/webhook/'))).toEqual([]); // it declares none
  const open = lines.find((line) => line.includes('/hooks/open'));
  const { stdout } = await run('sh', ['-c', open ?? 'false']);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'accepted', task_ref: 'hooks/open' });
  const { stdout: checked } = await run('sh', ['-n', '-c', lines.join('\n')]);
  expect(checked).toBe('');
});

test('a second workflow that wants the same address is refused, naming the first', async () => {
  platform.saveWorkflow('hooks/taken.yaml', 'triggers:\n  - { dialect: hooks, path: /open, auth: public }\n');
  await eventually(async () => {
    const workflow = (await platform.http.get('/workflows/hooks/taken')).json as {
      readonly problem?: { readonly reason: string };
    };
    expect(workflow.problem?.reason).toContain('has the same address and method as hooks of hooks/open');
  });
  platform.saveWorkflow('hooks/open.yaml', 'description: closed\n');
  await eventually(
    async () => {
      const workflow = (await platform.http.get('/workflows/hooks/taken')).json as { readonly problem?: unknown };
      expect(workflow.problem).toBeUndefined();
    },
    { timeoutMs: 15_000 },
  );
});
