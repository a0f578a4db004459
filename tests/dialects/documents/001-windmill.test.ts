/**
 * Document 001, Windmill's page on webhooks, section by section in our words. Beside it: `tests/e2e/delete-after-use.test.ts` reads every file for what should be gone, `tests/e2e/windmill-client.test.ts`
 * is the client that Windmill publishes, the rows of the facts are tables in `libs/dialects` and in the gateway.
 */
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld } from '../world.ts';
import { describeArgumentsAndAnswers } from './windmill-arguments.ts';
import {
  asPayload,
  CHANGES,
  CONFIG,
  HELLO,
  JOBS,
  SENDERS,
  startProxy,
  SYNC,
  type Told,
  WAIT_MAX_S,
  windmillCaller,
  WORKFLOWS,
} from './windmill-world.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const JSON_TYPE = { 'content-type': 'application/json' };

let world: Awaited<ReturnType<typeof startWorld>>;
const { ask, read, hello, hashOf, untilOver, newestRun } = windmillCaller(() => world.platform);
/** Waits from the beginning, so that nobody waits for it. */
let tooLong: Promise<Told>;

beforeAll(async () => {
  process.env['INCLUDE_HEADERS'] = 'X-Tenant,X-Region'; // no key of the configuration: services inherit it
  world = await startWorld({ workflows: WORKFLOWS, secrets: {}, config: CONFIG });
  tooLong = ask(`${SYNC}/p/u/bot/slow`);
  void tooLong.catch(() => undefined); // said where it is awaited
});
afterAll(async () => {
  delete process.env['INCLUDE_HEADERS'];
  await world.stop();
});

/** A call of ours, which the document does not know. */
const own = (path: string, body?: unknown, token?: string) =>
  world.call(path, { body, ...(token === undefined ? {} : { token }) });

test.each(SENDERS)('001 Use cases: %s starts a script by an address with a token', async (_who, request, args) => {
  const path = `${JOBS}/run/p/${HELLO}?token=${await world.token(`jobs:run:scripts:${HELLO}`)}`;
  expect(await untilOver((await ask(path, { ...request, token: null })).text)).toMatchObject({ success: true, args });
});

describe('001 Webhooks for scripts and flows', () => {
  test('every workflow tells its addresses, which nobody declared, and each works as it is told', async () => {
    const { calls } = (await read(`/triggers/${HELLO}`)).json() as {
      readonly calls: readonly { readonly dialect: string; readonly path: string; readonly body: string }[];
    };
    const own = calls.filter(({ dialect }) => dialect === 'windmill');
    expect(own.map(({ path }) => path.replace(/^.*\/jobs\//, ''))).toEqual([
      `run/p/${HELLO}`,
      `run_wait_result/p/${HELLO}`,
      `run/h/${await hashOf(HELLO)}`,
    ]);
    for (const { path, body } of own) expect((await ask(path, { body })).status).toBeLessThan(300);
  });

  test('a path is the latest version, a hash one version for ever, whatever overwrites it', async () => {
    const overwrite = async (): Promise<{ readonly says: string; readonly hash: string }> => {
      const says = JSON.stringify(crypto.randomUUID());
      world.platform.saveWorkflow('f/team/versioned.sh', `#!/bin/sh\necho '${says}'\n`);
      await eventually(async () => expect((await ask(`${SYNC}/p/f/team/versioned`)).text).toBe(says), {
        timeoutMs: 20_000,
      });
      return { says, hash: await hashOf('f/team/versioned') };
    };
    for (const { says, hash } of [await overwrite(), await overwrite()]) {
      expect((await ask(`${SYNC}/h/${hash}`)).text).toBe(says);
      expect((await ask(`${SYNC}/fv/${BigInt(`0x${hash}`)}`)).text).toBe(says);
      expect((await read(`${SYNC}/fv/${BigInt(`0x${hash}`)}`)).text).toBe(says);
    }
  });
});

describe('001 Asynchronous', () => {
  test('the answer is the uuid of the job; the call that gets a job has its status, and its result at last', async () => {
    const { text: id, status } = await ask(`${JOBS}/run/p/${HELLO}`, { body: { a: 1 } });
    expect([status, id]).toEqual([201, expect.stringMatching(UUID)]);
    expect((await read(`${JOBS}_u/get/${id}`)).status).toBe(200);
    expect(await untilOver(id)).toMatchObject({ success: true, result: { a: 1 }, args: { a: 1 } });
  });
});

describe('001 Synchronous', () => {
  test('the answer is what the code returns', async () => {
    const { status, json } = await hello({ a: 1 });
    expect([status, json()]).toEqual([200, { a: 1 }]);
  });

  test('the path alone is enough of an address', async () => {
    expect((await ask(`${SYNC}/${HELLO}`, { body: { a: 1 } })).json()).toEqual({ a: 1 });
  });

  test('GET at the same address takes its arguments from payload', async () => {
    const path = `${SYNC}/p/${HELLO}?payload=${asPayload({ a: 2 })}`;
    expect((await ask(path, { method: 'GET', headers: JSON_TYPE })).json()).toEqual({ a: 2 });
  });

  test('code that fails is 200, too, and its error is a JSON object', async () => {
    const failed = await ask(`${SYNC}/p/u/bot/fail`);
    expect([failed.status, failed.json()]).toMatchObject([
      200,
      { error: { name: 'ExecutionErr', message: expect.stringContaining('no such order') as string } },
    ]);
    const thrown = await ask(`${SYNC}/p/u/bot/sum`, { body: [] });
    expect([thrown.status, thrown.json()]).toMatchObject([200, { error: { message: 'nothing to add' } }]);
  });
});

describe('001 User token', () => {
  test('nothing works without one', async () => {
    for (const path of [`${SYNC}/p/${HELLO}`, `${JOBS}/run/p/${HELLO}`, `${JOBS}/run/p/u/bot/none`]) {
      const { status, text } = await ask(path, { body: {}, token: null });
      expect([status, text]).toEqual([401, 'Unauthorized']);
    }
  });

  test('a label is for people only, and the text of a token is shown once', async () => {
    const label = `webhook-${crypto.randomUUID()}`;
    const body = { label, scopes: ['run'] };
    const made = [await own('/tokens', body), await own('/tokens', body)].map(({ json }) => json.token as string);
    for (const token of made) expect((await read('/tasks', token)).status).toBe(200);
    const { text } = await read('/tokens');
    expect(text.split(label)).toHaveLength(3);
    for (const token of made) expect(text).not.toContain(token);
  });

  test('one that is specific to a webhook starts its script and sees what it started, and does nothing else', async () => {
    const token = await world.token(`jobs:run:scripts:${HELLO}`);
    const others = (await ask(`${JOBS}/run/p/${HELLO}`, { body: {} })).text;
    const { text: id } = await ask(`${JOBS}/run/p/${HELLO}`, { body: { mine: true }, token });
    await untilOver(id);
    await untilOver(others);
    expect((await read(`${JOBS}_u/completed/get_result/${id}`, token)).json()).toEqual({ mine: true });
    const refused = [
      await ask(`${SYNC}/p/u/bot/other`, { body: {}, token }),
      await ask(`${SYNC}/h/${await hashOf('u/bot/other')}`, { body: {}, token }),
      await read(`${JOBS}_u/get/${others}`, token),
      await read(`/runs/${others}/logs`, token),
      await ask(`${JOBS}_u/queue/cancel/${id}`, { body: {}, token }),
      await read('/tokens', token),
      await own('/tokens', { scopes: ['run'] }, token),
    ];
    expect(refused.map(({ status }) => status)).toEqual([404, 404, 404, 404, 403, 403, 403]);
    for (const path of ['/runs', '/tasks', '/workflows'])
      expect((await read(path, token)).text).not.toMatch(new RegExp(`${id}|${others}|u/bot`));
  });
});

describe('001 Triggering', () => {
  test('the token is in a header, or in the query', async () => {
    const token = await world.token(`jobs:run:scripts:${HELLO}`);
    const payload = `payload=${asPayload({ a: 1 })}`;
    const answers = [
      await ask(`${SYNC}/p/${HELLO}`, { body: '{}', token }),
      await ask(`${SYNC}/p/${HELLO}?token=${token}`, { body: '{}', token: null }),
      await ask(`${SYNC}/p/${HELLO}?${payload}`, { method: 'GET', headers: JSON_TYPE, token }),
      await ask(`${SYNC}/p/${HELLO}?${payload}&token=${token}`, { method: 'GET', token: null }),
    ];
    expect(answers.map(({ text }) => text)).toEqual(['{}', '{}', '{"a":1}', '{"a":1}']);
    expect((await read(`/runs?workflow=${HELLO}`)).text).not.toContain(token);
  });

  test('what was triggered is among the runs, with how it went', async () => {
    const { text: id } = await ask(`${JOBS}/run/p/u/bot/broken`);
    await untilOver(id);
    expect(await newestRun('u/bot/broken')).toMatchObject({ run_id: id, status: 'failed' });
  });
});

describeArgumentsAndAnswers({ ask, read, hello, hashOf, untilOver });

test('001 Return early for flows: the answer comes at once, and the rest goes on', async () => {
  const { status, json } = await ask(`${SYNC}/p/u/bot/early`);
  expect([status, json()]).toEqual([200, { ok: true }]);
  const { run_id: id } = await newestRun('u/bot/early');
  expect(await untilOver(id)).toMatchObject({ success: true });
});

test('001 Exposing a webhook URL: a proxy has an address of its own and adds the token', async () => {
  const proxy = await startProxy(world.platform, `${SYNC}/p/${HELLO}`);
  try {
    const url = `${proxy.url}/mywebhook?payload=${asPayload({ a: 2 })}`;
    const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body: '{}' });
    expect([response.status, await response.json()]).toEqual([200, { a: 2 }]);
  } finally {
    await proxy.close();
  }
});

describe('001 Cloud events 1.0', () => {
  const ENVELOPE = { specversion: '1.0', id: '1', source: 'grid', type: 'made' };
  const WANTED = { a: 1, WEBHOOK__METADATA__: ENVELOPE };

  test('by its header a CloudEvent is known: the envelope is WEBHOOK__METADATA__', async () => {
    const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    const event = { ...ENVELOPE, data: { a: 1 } };
    expect((await ask(`${SYNC}/p/${HELLO}`, { headers: structured, body: event })).json()).toEqual(WANTED);
    const binary = Object.fromEntries(Object.entries(ENVELOPE).map(([name, value]) => [`ce-${name}`, value]));
    expect((await ask(`${SYNC}/p/${HELLO}`, { headers: binary, body: { a: 1 } })).json()).toMatchObject(WANTED);
  });

  test('a batch, which is an error there, starts a job for each of its events', async () => {
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const { json } = await ask(`${JOBS}/run/p/${HELLO}`, { headers, body: [ENVELOPE, { ...ENVELOPE, id: '2' }] });
    expect(json()).toMatchObject({ items: [{ status: 'accepted' }, { status: 'accepted' }] });
  });

  test('Azure Event Grid: asks whether it is welcome, and delivers to an address with a token', async () => {
    const path = `${JOBS}/run/p/${HELLO}?token=${await world.token(`jobs:run:scripts:${HELLO}`)}`;
    const origin = { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' };
    const welcome = await ask(path, { method: 'OPTIONS', headers: origin, token: null });
    expect([welcome.status, welcome.headers.get('webhook-allowed-origin')]).toEqual([200, 'eventgrid.azure.net']);
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8', 'aeg-event-type': 'Notification' };
    const delivered = await ask(path, { headers, body: { ...ENVELOPE, data: { a: 1 } }, token: null });
    expect(await untilOver(delivered.text)).toMatchObject({ args: WANTED });
  });
});

test('001 Delete after use: once the result was returned, arguments, result and logs are gone', async () => {
  const canary = `canary-${crypto.randomUUID()}`;
  expect((await ask(`${SYNC}/p/u/bot/secretive`, { body: { canary } })).json()).toEqual({ canary });
  const { run_id: id } = await newestRun('u/bot/secretive');
  await eventually(async () => {
    const { json, text } = await read(`${JOBS}_u/completed/get/${id}`);
    expect(json()).toMatchObject({ args: {}, result: {}, deleted: true });
    expect(text).not.toContain(canary);
  });
  expect((await read(`/runs/${id}/logs`)).text).not.toContain(canary);
});

test('001 Workspace webhook: a service elsewhere is told of what is deployed, of runs and of tokens', async () => {
  const { url, received } = world.receiver;
  expect((await own('/webhooks', { url: `${url}/all` })).status).toBe(201);
  expect((await own('/webhooks', { url: `${url}/theirs`, format: 'windmill' })).status).toBe(201);
  const path = `u/bot/made-${crypto.randomUUID()}`;
  world.platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
  await eventually(async () => expect((await ask(`${SYNC}/p/${path}`)).status).toBe(200), { timeoutMs: 20_000 });
  await world.token('read');
  await eventually(
    () => {
      const told = received().map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>);
      expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(CHANGES));
      expect(told).toContainEqual({
        type: 'CreateScript',
        workspace: 'default',
        path,
        hash: expect.any(String) as string,
      });
    },
    { timeoutMs: 30_000 },
  );
});

test('001 Custom timeout for sync endpoints: whoever waits longer than the instance allows gets an error, and the run ends', async () => {
  const { status, text } = await tooLong;
  expect([status, text]).toEqual([500, `Internal: timeout after ${WAIT_MAX_S}s`]);
  const { run_id: id } = await newestRun('u/bot/slow');
  expect(await untilOver(id)).toMatchObject({ canceled: true });
});
