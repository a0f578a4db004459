/**
 * 001 "For a script, delete logs, arguments and results after use": everything that was recorded of a run can be read by nobody once its
 * result was returned. What was never in the clear in any file needs no erasing there; the key that opens it does.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectLog, openRunKeys } from '@millrace/eventlog';
import { hashReadModel, openReadModel } from '@millrace/read-model';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../dialects/receiver.ts';
import { startRun, untilEnded } from './runs.ts';

const mark = (name: string): string => `canary-${process.pid}-${name}-Wq7vZ3`;
/** Of the run that is kept: where these are found, the others would be. */
const KEPT = mark('kept');
const GONE = mark('gone');

const SCRIPT = `#!/bin/bash
name=$(sed 's/.*"name":"\\([^"]*\\)".*/\\1/' "$MILLRACE_INPUT")
echo "log of $name and $TARGET"; echo "complaint of $name" >&2
echo "::progress 40 progress of $name"
echo "::respond {\\"early\\":\\"$name\\"}"
sleep 0.2
[ "$FAIL" = yes ] && exit 3
printf '{"result":"%s"}' "$name" > "$MILLRACE_OUTPUT"
`;
const TYPED = `
import { defineWorkflow } from '@millrace/sdk';
export default defineWorkflow({ deleteAfterUse: true }, async ({ input, log }) => {
  log.info('log of', input);
  const { name, fail } = input as { name: string; fail?: boolean };
  if (fail) throw new Error('error of ' + name);
  return { name };
});
`;
const HOOK = "triggers: [{ dialect: hooks, path: '/NAME', auth: token }]\n";

let platform: TestPlatform;
let receiver: Receiver;
let key: Buffer;
beforeAll(async () => {
  process.env['MILLRACE_DELETE_GRACE_MS'] = '4000'; // no key of the configuration: services inherit it
  platform = await startTestPlatform({
    env: { MILLRACE_LOG_LEVEL: 'debug', MILLRACE_NOTIFIER_ALLOW_PRIVATE: '127.0.0.1' },
    workflows: {
      'use/kept.sh': SCRIPT,
      'use/kept.yaml': HOOK.replace('NAME', 'kept'),
      'use/gone.sh': SCRIPT,
      'use/gone.yaml': `delete_after_use: true\n${HOOK.replace('NAME', 'gone')}`,
      'use/typed.ts': TYPED,
      'use/wait.sh': '#!/bin/sh\nsleep 1\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n',
      'use/wait.yaml': 'delete_after_use: true\n',
    },
  });
  receiver = await startReceiver();
  const added = await platform.http.post('/webhooks', { body: { url: `${receiver.url}/told` } });
  expect(added.status).toBe(201);
});
afterAll(async () => {
  delete process.env['MILLRACE_DELETE_GRACE_MS'];
  await platform.stop();
  await receiver.close();
});

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);

/** The text itself, and as base64 at each of the three places that its beginning can have. */
const formsOf = (text: string | Buffer): readonly Buffer[] => {
  const bytes = Buffer.from(text);
  const shifted = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + Math.floor((bytes.length - skip) / 3) * 3));
  return [bytes, ...shifted.map((part) => Buffer.from(part.toString('base64')))];
};

/** Files below the data, but for the working directories of runs that go on, that hold a text. */
const holding = (text: string | Buffer): readonly string[] =>
  filesBelow(platform.dataDir).filter((path) => {
    if (/\/executor\/.*\/run-\d+\//.test(path)) return false;
    const content = readFileSync(path);
    return formsOf(text).some((form) => content.includes(form));
  });

const checkpoint = async (): Promise<void> => {
  const client = new pg.Client({ connectionString: platform.databaseUrl });
  await client.connect();
  await client.query('checkpoint');
  await client.end();
};

const withKeys = async <Result>(use: (keys: ReturnType<typeof openRunKeys>) => Promise<Result>): Promise<Result> => {
  const connection = await connectLog({ url: platform.natsUrl, name: 'test' });
  try {
    return await use(openRunKeys(connection));
  } finally {
    await connection.close();
  }
};

const untilDeleted = (): Promise<void> =>
  eventually(async () => expect(await withKeys((keys) => keys.list())).toEqual([]), { timeoutMs: 30_000 });

const upload = async (hook: string, content: string): Promise<string> => {
  const form = new FormData();
  form.set('name', content);
  form.set('file', new Blob([content]), 'note.txt');
  const headers = { authorization: `Bearer ${platform.token}` };
  const response = await fetch(`${platform.url}/hooks/${hook}`, { method: 'POST', headers, body: form });
  expect(response.status).toBe(202);
  return ((await response.json()) as { run_id: string }).run_id;
};

const ids = { kept: '', gone: '', waited: '', typed: '' };

/** What receivers of webhooks were told about a run, by type of event. */
const toldOf = (runId: string): readonly string[] =>
  receiver.received().flatMap(({ body }) => (body.includes(runId) ? [body] : []));

test('while it is needed, everything can be read', async () => {
  const body = (name: string) => ({ input: { name }, env: { TARGET: name } });
  ids.kept = await startRun(platform.http, 'use/kept', body(KEPT));
  ids.gone = await startRun(platform.http, 'use/gone', body(GONE), { 'idempotency-key': 'one' });
  key = Buffer.from((await withKeys((keys) => keys.load(ids.gone))) ?? []);
  expect(key).toHaveLength(32);
  expect(holding(key).join()).toContain('/RUN_KEYS/');
  expect((await untilEnded(platform.http, ids.kept)).output).toEqual({ result: KEPT });
  expect((await untilEnded(platform.http, ids.gone)).output).toEqual({ result: GONE });
  await eventually(async () => {
    const { text } = await platform.http.get(`/runs/${ids.gone}/logs`);
    expect(text).toContain(`log of ${GONE} and ${GONE}`);
  });
  const { json } = await platform.http.get(`/runs/${ids.gone}`);
  expect(json).toMatchObject({ input: { name: GONE }, progress: { message: `progress of ${GONE}` } });
  expect(json).not.toHaveProperty('deleted');
  const repeat = await platform.http.post('/run/use/gone', { body: body(GONE), headers: { 'idempotency-key': 'one' } });
  expect(repeat.json).toMatchObject({ run_id: ids.gone });
  const other = await platform.http.post('/run/use/gone', { body: body(KEPT), headers: { 'idempotency-key': 'one' } });
  expect(other.json).toMatchObject({ code: 'idempotency.key_reused' });
});

test('a caller that waits gets the early answer, the result or the error in the clear, and then it is gone', async () => {
  const early = await platform.http.post('/run/use/gone?wait=20', { body: { input: { name: GONE } } });
  expect([early.status, early.json]).toMatchObject([200, { output: { early: GONE } }]);
  const waited = await platform.http.post('/run/use/wait?wait=20', { body: { input: { name: GONE } } });
  expect([waited.status, waited.json]).toMatchObject([200, { output: { name: GONE } }]);
  ids.waited = (waited.json as { run_id: string }).run_id;
  // The gateway does that, long before the scheduler would.
  await eventually(async () => expect(await withKeys((keys) => keys.load(ids.waited))).toBeUndefined(), {
    timeoutMs: 1_000,
  });
  const failed = await platform.http.post('/run/use/typed?wait=20', { body: { input: { name: GONE, fail: true } } });
  expect([failed.status, failed.json]).toMatchObject([422, { error: { message: `error of ${GONE}` } }]);
  ids.typed = (failed.json as { run_id: string }).run_id;
  await Promise.all([upload('gone', `upload ${GONE}`), upload('kept', `upload ${KEPT}`)]);
  const script = await platform.http.post('/run/use/gone', { body: { input: { name: GONE }, env: { FAIL: 'yes' } } });
  await untilEnded(platform.http, (script.json as { run_id: string }).run_id);
});

test('afterwards it reads as deleted, and cannot be run again', async () => {
  await untilDeleted();
  for (const id of [ids.gone, ids.waited]) {
    const { json } = await platform.http.get(`/runs/${id}`);
    expect(json).toMatchObject({ status: 'completed', input: '##DELETED##', output: '##DELETED##', deleted: true });
  }
  const { json: typed } = await platform.http.get(`/runs/${ids.typed}`);
  expect(typed).toMatchObject({ status: 'failed', error: { code: 'exception', message: '##DELETED##' } });
  const { text: logs } = await platform.http.get(`/runs/${ids.gone}/logs`);
  expect(logs).toBe('##DELETED##');
  const headers = { authorization: `Bearer ${platform.token}`, accept: 'text/event-stream' };
  const events = await (await fetch(`${platform.url}/runs/${ids.gone}/events`, { headers })).text();
  expect(events).toContain('"output":"##DELETED##"');
  const { text: list } = await platform.http.get('/runs');
  expect(`${events}${list}`).not.toMatch(/\$sealed|gone-Wq7vZ3/);

  const rerun = await platform.http.post(`/runs/${ids.gone}/rerun`);
  expect([rerun.status, rerun.json]).toMatchObject([409, { code: 'run.deleted', run_id: ids.gone }]);
  const repeat = await platform.http.post('/run/use/gone', {
    body: { input: { name: GONE } },
    headers: { 'idempotency-key': 'one' },
  });
  expect([repeat.status, repeat.json]).toMatchObject([409, { code: 'run.deleted', run_id: ids.gone }]);
});

test('the read models are rebuilt to the same rows without any key', async () => {
  const readModel = openReadModel({ url: platform.databaseUrl, poolMax: 1, applicationName: 'test' });
  try {
    const before = await hashReadModel(readModel);
    const entry = join(import.meta.dirname, '../../services/projector/src/rebuild/main.ts');
    const env = { ...process.env, NATS_URL: platform.natsUrl, DATABASE_URL: platform.databaseUrl };
    await promisify(execFile)(process.execPath, ['--conditions=@millrace/source', entry], { env });
    expect(await hashReadModel(readModel)).toBe(before);
  } finally {
    await readModel.close();
  }
  const { json } = await platform.http.get(`/runs/${ids.gone}`);
  expect(json).toMatchObject({ output: '##DELETED##', deleted: true });
});

test('receivers of webhooks were told of the run, and nothing of what it had', async () => {
  await eventually(() => expect(toldOf(ids.gone).join()).toContain('run.completed'), { timeoutMs: 20_000 });
  await eventually(() => expect(toldOf(ids.kept).join()).toContain(KEPT), { timeoutMs: 20_000 });
  const all = receiver.received().map(({ body, headers }) => JSON.stringify(headers) + body);
  expect(all.filter((told) => formsOf(GONE).some((form) => Buffer.from(told).includes(form)))).toEqual([]);
});

test('no file has it, nor the key; what was kept is there', async () => {
  await checkpoint();
  expect(holding(GONE)).toEqual([]);
  const places = holding(KEPT).map((path) => path.slice(platform.dataDir.length));
  for (const place of [/\/LOG_0\//, /\/EVENTS\//, /\/LOGS\//, /\/OBJ_files\//, /\/postgres\//]) {
    expect(places.some((path) => place.test(path))).toBe(true);
  }
  await platform.stop();
  expect(holding(GONE)).toEqual([]);
  expect([holding(key), holding(key.toString('base64'))]).toEqual([[], []]);
});
