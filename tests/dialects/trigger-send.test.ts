/** `millrace trigger send … --sign` against the triggers of every dialect that can be signed, and `trigger curl` against all of them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhooks } from '@octokit/webhooks';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from './world.ts';

const SECRET = 'a-secret-of-github';
const KEY = 'a-key/in $the address';
const SINK_KEY = 'a-key-of-the-sink';
const SOURCE = '2b0c7a52-6a0e-4b62-9a55-0d2c1f9be001';
const PASTED_KEY = 'a-key-of-$HOME-and-more';
const PASTED_SOURCE = '2b0c7a52-6a0e-4b62-9a55-0d2c1f9be002';
const RULE =
  "header: X-Sum, prefix: v1=, encoding: base64, timestampHeader: X-Sum-Time, deliveryHeader: X-Sum-Id, template: '{id}.{timestamp}.{method} {url}.{body}'";
const SIGNED = 'signature: { preset: github, secret: GITHUB_SECRET }';
const BIN = join(import.meta.dirname, '../../libs/cli/bin/millrace.mjs');
const run = promisify(execFile);

const TRIGGERS: Readonly<Record<string, string>> = {
  hook: `{ dialect: hooks, path: /signed, ${SIGNED} }`,
  route: `{ dialect: windmill, route: signed, methods: [PUT], mode: async, ${SIGNED} }`,
  waiting: `{ dialect: windmill, route: 'waits/:id', ${SIGNED} }`,
  sink: `{ dialect: sink, app_id: app, path: /signed, mode: async, ${SIGNED} }`,
  keyed: `{ dialect: sink, app_id: app, path: /keyed, mode: async, auth: workflow_key, key_secret: SINK_KEY, ${SIGNED} }`,
  endpoint: `{ dialect: endpoints, execution_mode: async, ${SIGNED} }`,
  source: `{ dialect: endpoints, event_source: ${SOURCE}, ${SIGNED} }`,
  kestra: `{ dialect: kestra, key: "${KEY}", ${SIGNED} }`,
  hmac: `{ dialect: hooks, path: /hmac, methods: [PUT], signature: { preset: hmac, secret: GITHUB_SECRET, ${RULE} } }`,
  two: `{ dialect: hooks, id: here, path: /two/here, ${SIGNED} }, { dialect: hooks, id: there, path: /two/there, ${SIGNED} }`,
  generic:
    '{ dialect: hooks, path: /generic, signature: { preset: bifrost-generic, secret: GITHUB_SECRET, header: X-Mine, prefix: mine= } }',
};

/** What is sent where it is no push. */
const SAMPLES: Readonly<Record<string, string>> = { hmac: 'hmac.event', generic: 'bifrost-generic.event' };

/** Nothing of it is signed: what `trigger curl` prints has to be enough. */
const PASTED = `triggers:
  - { dialect: hooks, id: hook, path: '/pasted/:id' }
  - { dialect: hooks, id: hook-open, path: '/pasted/by/$HOME', auth: public }
  - { dialect: hooks, id: hook-keyed, path: /pasted-keyed, auth: workflow_key, key: ${PASTED_KEY} }
  - { dialect: hooks, id: hook-at-key, path: /pasted-at-key, auth: path_key, key: ${PASTED_KEY} }
  - { dialect: windmill, id: route, route: 'pasted/:id' }
  - { dialect: windmill, id: route-keyed, route: pasted-keyed, auth: workflow_key, key: ${PASTED_KEY} }
  - { dialect: sink, id: sink, app_id: app, path: /pasted }
  - { dialect: sink, id: sink-keyed, app_id: app, path: /pasted-keyed, auth_token: ${PASTED_KEY} }
  - { dialect: endpoints, id: endpoint }
  - { dialect: endpoints, id: source-keyed, event_source: ${PASTED_SOURCE}, auth: workflow_key, key: ${PASTED_KEY} }
  - { dialect: kestra, id: webhook, key: ${PASTED_KEY} }
`;
const ECHO = '#!/bin/sh\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n';

const WORKFLOWS: Readonly<Record<string, string>> = {
  ...(Object.fromEntries(
    Object.entries(TRIGGERS).flatMap(([name, trigger]) => [
      [`send/${name}.sh`, ECHO],
      [`send/${name}.yaml`, `triggers: [${trigger}]\n`],
    ]),
  ) as Readonly<Record<string, string>>),
  'curl/pasted.sh': ECHO,
  'curl/pasted.yaml': PASTED,
};

let world: World;
let stop = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  const started = await startWorld({ workflows: WORKFLOWS, secrets: { GITHUB_SECRET: SECRET, SINK_KEY } });
  ({ stop } = started);
  world = started;
});
afterAll(() => stop());

/** What it prints, and its exit code. */
const millrace = async (secret: string, ...args: readonly string[]) => {
  const { url, token, home } = world.platform;
  const env = { ...process.env, MILLRACE_URL: url, MILLRACE_TOKEN: token, GITHUB_SECRET: secret };
  try {
    const { stdout } = await run(process.execPath, [BIN, ...args], { env, cwd: home });
    return { code: 0, stdout, stderr: '' };
  } catch (error) {
    return error as { readonly code: number; readonly stdout: string; readonly stderr: string };
  }
};

const send = (secret: string, name: string, ...flags: readonly string[]) =>
  millrace(secret, 'trigger', 'send', SAMPLES[name] ?? 'github.push', `send/${name}`, '--sign', '--json', ...flags);

const statusOf = ({ stdout }: { readonly stdout: string }): number =>
  (JSON.parse(stdout) as { readonly status: number }).status;

test.each([
  ['hook', 202, []],
  ['route', 201, []],
  ['waiting', 200, []],
  ['sink', 200, []],
  ['keyed', 200, ['--key', SINK_KEY]],
  ['endpoint', 200, []],
  ['source', 202, []],
  ['kestra', 200, ['--key', KEY]],
  ['hmac', 202, []],
  ['generic', 202, []],
] as const)('send reaches %s, which believes the signature, and no other one', async (name, status, flags) => {
  const good = await send(SECRET, name, ...flags);
  expect([good.code, statusOf(good), good.stdout]).toEqual([0, status, expect.anything()]);
  await eventually(async () => expect(await world.runsOf(`send/${name}`)).toBe(1));
  const bad = await send('another', name, ...flags);
  expect([bad.code, statusOf(bad)]).toEqual([1, 401]);
  expect(await world.runsOf(`send/${name}`)).toBe(1);
});

test('of two triggers for one sender --trigger chooses, and without it both are listed', async () => {
  const unclear = await send(SECRET, 'two');
  expect([unclear.code, unclear.stderr]).toEqual([
    2,
    expect.stringMatching(/send\/two#here, send\/two#there[^]*--trigger/),
  ]);
  const there = await send(SECRET, 'two', '--trigger', 'there');
  expect([there.code, JSON.parse(there.stdout)]).toMatchObject([
    0,
    { status: 202, url: expect.stringContaining('/hooks/two/there') as string },
  ]);
  expect((await send(SECRET, 'two', '--trigger', 'their')).stderr).toContain('did you mean there?');
});

test('--to signs by the rule of the workflow, without one by the preset alone, which is not enough for each', async () => {
  expect((await send(SECRET, 'generic', '--to', '/hooks/generic')).code).toBe(0);
  const to = ['--sign', '--json', '--secret-name', 'GITHUB_SECRET', '--to'] as const;
  const { code, stderr } = await millrace(SECRET, 'trigger', 'send', 'hmac.event', ...to, '/hooks/hmac');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/needs header[^]*name the workflow/)]);
  const push = await millrace(SECRET, 'trigger', 'send', 'github.push', ...to, '/hooks/signed');
  expect(push.code).toBe(0);
});

/** The status that a line gets from the server, run by a shell. */
const statusOfLine = async (line: string, env: Readonly<Record<string, string>>): Promise<string> => {
  const shown = `${line} -o /dev/null -w '%{http_code}'`;
  return (await run('sh', ['-c', shown], { env: { PATH: process.env['PATH'], HOME: '/', ...env } })).stdout;
};

test.each([
  ['--key', ['--key', PASTED_KEY], {}],
  ['the key in a variable', [], { MILLRACE_KEY: PASTED_KEY }],
] as const)('a shell runs every line of curl, for every dialect, with %s', async (_name, flags, variables) => {
  const env = { MILLRACE_TOKEN: world.platform.token, ...variables };
  const printed = await millrace(SECRET, 'trigger', 'curl', 'curl/pasted', ...flags);
  const lines = printed.stdout.split('\n').filter((line) => line.startsWith('curl '));
  const told = await millrace(SECRET, 'trigger', 'curl', 'curl/pasted', '--json', ...flags);
  const { calls } = JSON.parse(told.stdout) as {
    readonly calls: readonly { readonly dialect: string; readonly trigger?: string; readonly curl: string }[];
  };
  expect(calls.map(({ curl }) => curl)).toEqual(lines);
  const declared = [...PASTED.matchAll(/ id: ([a-z-]+)/g)].map(([, id]) => id);
  expect(calls.flatMap(({ trigger }) => trigger ?? []).sort()).toEqual(declared.sort());
  expect(calls.filter(({ trigger }) => trigger === undefined).map(({ dialect }) => dialect)).toEqual(
    expect.arrayContaining(['serve', 'windmill']),
  );
  const statuses = await Promise.all(calls.map(async ({ curl }) => [curl, await statusOfLine(curl, env)] as const));
  expect(statuses.filter(([, status]) => !/^2\d\d$/.test(status))).toEqual([]);
  // A line of which nothing is needed would show nothing.
  const keyed = calls.filter(({ trigger }) => /key|webhook/.test(trigger ?? ''));
  const wrong = await Promise.all(keyed.map(({ curl }) => statusOfLine(curl, { ...env, MILLRACE_KEY: 'another' })));
  expect(wrong.every((status) => (flags.length > 0 ? /^2/ : /^40[134]$/).test(status))).toBe(true);
});

test('a key that is missing is asked for, and a wrong one is refused', async () => {
  const { code, stderr } = await send(SECRET, 'kestra');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--key')]);
  expect(statusOf(await send(SECRET, 'kestra', '--key', 'a-wrong-key'))).toBe(404);
});

test('curl --key prints a line that a shell runs', async () => {
  const { stdout } = await millrace(SECRET, 'trigger', 'curl', 'send/kestra', '--key', KEY);
  const line = stdout.split('\n').find((one) => one.includes('/executions/webhook/')) ?? 'false';
  expect(line).toContain(encodeURIComponent(KEY));
  const body = '{"hello":"world"}'; // as the line has it
  const signature = await new Webhooks({ secret: SECRET }).sign(body);
  const sent = await run('sh', ['-c', `${line} -H "x-hub-signature-256: ${signature}"`]);
  expect(JSON.parse(sent.stdout)).toMatchObject({
    flowId: 'kestra',
    trigger: { variables: { body: JSON.parse(body) } },
  });
});

test('a signed Windmill route: GitHub as its own library signs, the same delivery once, and nothing without a signature', async () => {
  const body = '{"ref":"refs/heads/main"}';
  const headers = {
    'x-github-event': 'push',
    'x-github-delivery': crypto.randomUUID(),
    'x-hub-signature-256': await new Webhooks({ secret: SECRET }).sign(body),
  };
  const before = await world.runsOf('send/waiting');
  const signed = { token: null, body, headers };
  const first = await world.call('/api/r/waits/7', signed);
  expect([first.status, first.json]).toEqual([200, { ref: 'refs/heads/main', id: '7' }]);
  expect((await world.call('/api/r/waits/7', signed)).json).toEqual(first.json);
  const altered = await world.call('/api/r/waits/7', { ...signed, body: `${body} ` });
  expect([altered.status, altered.json]).toEqual([401, { error: 'signature invalid' }]);
  // A token does not stand for a signature.
  expect((await world.call('/api/r/waits/7', { body })).status).toBe(400);
  expect(await world.runsOf('send/waiting')).toBe(before + 1);
});
