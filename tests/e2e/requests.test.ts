/** Requests that started nothing, and triggers that have stopped: what the command line says of them, and what a restart leaves of it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connectLog, request } from '@millrace/eventlog';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilEnded } from './runs.ts';

const BIN = join(import.meta.dirname, '../../libs/cli/bin/millrace.mjs');
const ENV = { MILLRACE_INBOX_MAX_AGE: '2d', MILLRACE_INBOX_MAX_BYTES: '3MiB' };
const HOOKS = `triggers:
  - { dialect: hooks, id: once, path: /once, auth: public, stop_after: [failed] }
  - { dialect: hooks, id: asked, path: /asked, auth: public, when: "body.branch == 'main'" }
`;

let platform: TestPlatform;
beforeAll(async () => {
  const workflows = { 'tests/failing.sh': '#!/bin/sh\nexit 3\n', 'tests/failing.yaml': HOOKS };
  platform = await startTestPlatform({ env: ENV, workflows });
});
afterAll(() => platform.stop());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const millrace = async (...args: readonly string[]): Promise<Ended> => {
  const env = { ...process.env, MILLRACE_URL: platform.url, MILLRACE_TOKEN: platform.token };
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: platform.home, stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
};

const post = async (path: string, body: unknown = {}) => {
  const answer = await fetch(`${platform.url}/hooks${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answered = await answer.text();
  return { status: answer.status, json: JSON.parse(answered || '{}') as Readonly<Record<string, string>> };
};

test('the stream of requests has the limits of [inbox]', async () => {
  const connection = await connectLog({ url: platform.natsUrl, name: 'test' });
  const { config } = JSON.parse(await request(connection, '$JS.API.STREAM.INFO.REQUESTS', '', 5_000)) as {
    readonly config: object;
  };
  await connection.close();
  expect(config).toMatchObject({ max_age: 2 * 86_400 * 1e9, max_bytes: 3 * 2 ** 20 });
});

test('a trigger that its run has stopped stays so when everything is started again, until somebody enables it', async () => {
  const first = await post('/once');
  expect(first.status).toBe(202);
  const { run_id: runId = '' } = first.json;
  await untilEnded(platform.http, runId);
  const refused = await post('/once');
  expect([refused.status, refused.json['code']]).toEqual([409, 'trigger.stopped']);

  await platform.stop();
  platform = await startTestPlatform({ env: ENV, home: platform.home });
  await eventually(async () => expect((await post('/once')).status).toBe(409), { timeoutMs: 15_000 });
  const { triggers } = JSON.parse((await millrace('trigger', 'list', '--json')).stdout) as {
    readonly triggers: readonly object[];
  };
  expect(triggers).toContainEqual(
    expect.objectContaining({ id: 'once', state: 'stopped', reason: `run ${runId} ended: failed` }),
  );
  expect((await millrace('trigger', 'list')).stdout).toContain(`stopped: run ${runId} ended: failed`);

  expect(await millrace('trigger', 'enable', 'tests/failing', 'once')).toMatchObject({ code: 0, stdout: '' });
  await eventually(async () => expect((await post('/once')).status).toBe(202));
});

test('a trigger is disabled and enabled from the command line', async () => {
  const disabled = await millrace('trigger', 'disable', 'tests/failing', 'asked', '--reason', 'too loud', '--json');
  expect(disabled.code).toBe(0);
  expect(JSON.parse(disabled.stdout)).toMatchObject({ trigger: 'asked', state: 'disabled', reason: 'too loud' });
  await eventually(async () => expect((await post('/asked')).status).toBe(404));
  expect((await millrace('trigger', 'list')).stdout).toMatch(/disabled: too loud$/m);
  expect((await millrace('trigger', 'enable', 'tests/failing', 'asked')).code).toBe(0);
  await eventually(async () => expect((await post('/asked', { branch: 'main' })).status).toBe(202));
  expect((await millrace('trigger', 'enable', 'tests/failing', 'nothing')).code).toBe(4);
});

test('what started nothing is listed, shown and delivered again, and exit codes tell what came of it', async () => {
  expect((await post('/asked', { branch: 'other', text: '\u001b[31m' })).status).toBe(204);
  const id = await eventually(async () => {
    const { stdout } = await millrace('requests', '--outcome', 'filtered', '--workflow', 'tests/failing', '--json');
    const { requests } = JSON.parse(stdout) as { readonly requests: readonly { readonly id: string }[] };
    expect(requests).toMatchObject([{ trigger: 'asked', outcome: 'filtered', verified: 'public' }]);
    return requests[0]?.id ?? '';
  });
  const listed = await millrace('requests', 'list', '--since', '1h', '--limit', '50', '--trigger', 'asked');
  expect(listed.code).toBe(0);
  expect(listed.stdout).toMatch(new RegExp(`^${id} .* tests/failing +asked +filtered +public .*branch`, 'm'));
  expect((await millrace('requests', '--quiet', '--outcome', 'filtered')).stdout).toBe(`${id}\n`);

  const shown = await millrace('requests', 'show', id);
  expect(shown.stdout).toMatch(/^request +POST \/hooks\/asked$/m);
  expect(shown.stdout).toMatch(/^content-type +application\/json$/m);
  expect(shown.stdout).toContain('{"branch":"other"');
  expect(shown.stdout).not.toContain('\u001b[31m');

  expect(await millrace('requests', 'redeliver', id)).toMatchObject({ code: 1, stdout: '' });
  platform.saveWorkflow('tests/failing.yaml', HOOKS.replace('main', 'other'));
  const runId = await eventually(
    async () => {
      const { code, stdout } = await millrace('requests', 'redeliver', id);
      expect(code).toBe(0);
      return stdout.trim();
    },
    { timeoutMs: 20_000 },
  );
  expect(await untilEnded(platform.http, runId)).toMatchObject({ state: 'failed' });

  // One that was accepted has the id of its run, and is run again.
  const rerun = JSON.parse((await millrace('requests', 'redeliver', runId, '--json')).stdout) as { run_id: string };
  expect((await platform.http.get(`/runs/${rerun.run_id}`)).json).toMatchObject({ rerun_of: runId });
});

test.each([
  ['a request that is not there', ['requests', 'show', '01a1fe04-148e-7730-95d0-3c1cf9210df0'], 4],
  ['one that cannot be delivered again because it is not there', ['requests', 'redeliver', 'no-id'], 4],
  ['a time that is none', ['requests', '--since', 'yesterday'], 2],
  ['an outcome that is none', ['requests', '--outcome', 'lost'], 2],
  ['a limit that is too high', ['requests', '--limit', '100000'], 2],
  ['a token that is none', ['requests', '--token', 'wrong'], 3],
] as const)('%s: exit code', async (_what, args, code) => {
  expect((await millrace(...args)).code).toBe(code);
});
