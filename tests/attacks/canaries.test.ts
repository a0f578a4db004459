import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilEnded } from '../e2e/runs.ts';
import { readTraces, type SpanCollector, startCollector } from './collector.ts';
import { countRuns, ECHO, makeToken } from './platform.ts';
import { type PlainAnswer, send } from './send.ts';

const KEY = 'key-canary-5f0e2c1d9b8a7f6e5d4c3b2a';
const SIGNING = 'signing-canary-77ab01cd23ef45670189';
const HOOKS = `
triggers:
  - { dialect: hooks, id: keyed, path: /keyed, auth: path_key, key: ${KEY} }
  - { dialect: hooks, id: signed, path: /signed, signature: { preset: github, secret: SIGNING } }
`;

/** Where the server keeps the administrator's token, for this user alone to read. */
const OWN_COPIES = /\/data\/(server\.json|admin-token)$/;

let collector: SpanCollector;
let platform: TestPlatform;
/** Limited to one workflow: the only kind that may stand in a query. */
let limited: string;
beforeAll(async () => {
  collector = await startCollector();
  platform = await startTestPlatform({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, MILLRACE_LOG_LEVEL: 'debug' },
    workflows: { 'attack/mine.ts': ECHO, 'attack/hooks.ts': ECHO, 'attack/hooks.yaml': HOOKS },
  });
  limited = await makeToken(platform.http, 'run:attack/mine');
  expect((await platform.http.call('PUT', '/secrets/SIGNING', { body: { value: SIGNING } })).status).toBe(200);
});
afterAll(async () => {
  await platform.stop();
  collector.close();
});

/** Where one of these texts, as it is or as encodings of it, can be read after the requests. */
const findIn = async (texts: readonly string[]): Promise<readonly string[]> => {
  // Spans are sent now and then: those of the last requests are there when this one's is.
  await send(platform.url, {
    method: 'POST',
    path: '/run/attack/mine',
    headers: {
      authorization: `Bearer ${platform.token}`,
      'x-workflow-client': 'x',
      traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    },
  });
  await eventually(() => expect(collector.text()).toContain('0123456789abcdef0123456789abcdef'), { timeoutMs: 30_000 });
  await countRuns(platform.http);
  const forms = texts.flatMap((text) => [
    text,
    encodeURIComponent(text),
    Buffer.from(text).toString('base64').slice(0, 24),
  ]);
  const places = await readTraces(platform, collector.text());
  expect(places.size).toBeGreaterThan(10);
  return [...places]
    .filter(([place]) => !OWN_COPIES.test(place))
    .flatMap(([place, text]) => (forms.some((form) => text.includes(form)) ? [place] : []));
};

const secretPart = (token: string): string => token.slice(token.lastIndexOf('_') + 1);

describe('A5: a token in an address', () => {
  test('starts a run only where it may stand, and is written nowhere', async () => {
    const start = (token: string, path: string): Promise<PlainAnswer> =>
      send(platform.url, { method: 'POST', path: `${path}?token=${token}&order=17`, body: '{}' });
    const windmill = '/api/w/default/jobs/run/p/attack/mine';
    const taken = await start(limited, windmill);
    expect([200, 201]).toContain(taken.status);
    expect(await untilEnded(platform.http, taken.text.trim())).toMatchObject({ state: 'completed' });
    // An administrator's token never may; our own routes take none from there, and no route takes a wrong one.
    expect((await start(platform.token, windmill)).status).toBe(403);
    expect((await start('canary-that-is-wrong', windmill)).status).toBe(401);
    for (const path of [
      '/run/attack/mine',
      '/runs',
      '/no/such/route',
      '/hooks/nothing',
      `/status/${taken.text.trim()}`,
    ]) {
      expect((await start(limited, path)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await findIn([secretPart(limited), secretPart(platform.token), 'canary-that-is-wrong'])).toEqual([]);
  });

  test('its answers are kept by nobody and give no address away', async () => {
    const answer = await send(platform.url, {
      method: 'POST',
      path: `/api/w/default/jobs/run/p/attack/mine?token=${limited}`,
      body: '{}',
    });
    expect(answer.text).not.toContain(limited);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('A30: what is secret', () => {
  test('of a trigger is in no error, log, trace, event or table, whether it was right or wrong', async () => {
    const wrong = `${KEY.slice(0, -1)}x`;
    const post = (path: string, headers: Readonly<Record<string, string>> = {}, body = '{}') =>
      send(platform.url, { method: 'POST', path, headers: { 'content-type': 'application/json', ...headers }, body });
    const answers = await Promise.all([
      post(`/hooks/key/${KEY}/keyed`),
      post(`/hooks/key/${wrong}/keyed`),
      post('/hooks/signed', { 'x-hub-signature-256': `sha256=${SIGNING}` }),
      post('/hooks/signed', { authorization: `Bearer ${SIGNING}`, cookie: `token=${SIGNING}` }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 404, 401, 401]);
    for (const { text, headers } of answers) {
      expect(text + JSON.stringify(headers)).not.toMatch(/canary/);
    }
    const [started] = answers;
    await untilEnded(platform.http, (JSON.parse(started.text) as { readonly run_id: string }).run_id);
    expect(await findIn([KEY, wrong, SIGNING])).toEqual([]);
  });

  test('of a caller or a secret is not in what is kept of a request that started nothing', async () => {
    const marker = 'kept-as-it-is-16180339887498948482';
    const wrong = 'mr_0123456789ab_presented-canary-31415926535897932384';
    const refused = await send(platform.url, {
      method: 'POST',
      path: `/hooks/signed?note=${SIGNING}&token=${limited}`,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${wrong}`,
        'x-hub-signature-256': `sha256=${SIGNING}`,
        'x-note': SIGNING,
        'x-harmless': marker,
      },
      body: JSON.stringify({ note: `it is ${SIGNING}`, shown: wrong }),
    });
    const guessed = await send(platform.url, { method: 'POST', path: `/hooks/key/${KEY}x/keyed`, body: '{}' });
    expect([refused.status, guessed.status]).toEqual([401, 404]);
    const details = await eventually(async () => {
      const { json } = await platform.http.get('/requests?workflow=attack/hooks&outcome=refused&limit=100');
      const { requests } = json as { readonly requests: readonly { readonly id: string }[] };
      const all = await Promise.all(requests.map(async ({ id }) => (await platform.http.get(`/requests/${id}`)).text));
      const withNote = all.filter((text) => text.includes('"note"'));
      expect(withNote).toHaveLength(1);
      return [JSON.stringify(json), ...all];
    });
    for (const text of details) {
      for (const secret of [SIGNING, wrong, KEY, secretPart(limited)]) expect(text).not.toContain(secret);
    }
    // Where the request is kept is looked at: what is harmless is found in the stream and in the table.
    const kept = await findIn([marker]);
    expect(kept).toEqual(expect.arrayContaining(['Postgres', expect.stringContaining('/REQUESTS/')]));
    expect(await findIn([SIGNING, wrong, KEY, secretPart(limited)])).toEqual([]);
  });

  test('of a trigger is not shown with its workflow', async () => {
    const { text } = await platform.http.get('/workflows/attack/hooks');
    expect(text).not.toContain(KEY);
    expect(text).not.toContain(SIGNING);
  });
});
