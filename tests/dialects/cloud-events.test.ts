/**
 * The requests of the official conformance features, and batches, at the address of every dialect: who speaks CloudEvents may send
 * them anywhere.
 *
 * @see https://github.com/cloudevents/conformance/blob/master/features/http-protocol-binding.feature
 */
import { createHmac } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from './world.ts';

const KEY = 'a-key-in-the-address';
const SECRET = 'a-secret-of-the-sender';
const SOURCE = '3f0c7a52-6a0e-4b62-9a55-0d2c1f9be001';
const JOBS = '/api/w/demo/jobs';

/** Says what it was given: its input, and the attributes of the event. */
const SAYS = `#!/bin/sh
printf '{"input":%s,"event":%s}' "$(cat "$MILLRACE_INPUT")" "$(cat "$MILLRACE_CLOUDEVENT")" > "$MILLRACE_OUTPUT"
`;

const TRIGGERS: Readonly<Record<string, string>> = {
  serve: '',
  windmill:
    '{ dialect: windmill, route: events, mode: async }, { dialect: windmill, id: signed, route: signed, mode: async, signature: { preset: github, secret: SIGNED } }',
  sink: '{ dialect: sink, app_id: app, path: /events, mode: async }',
  endpoints: '{ dialect: endpoints }',
  source: `{ dialect: endpoints, event_source: ${SOURCE}, auth: public }`,
  kestra: `{ dialect: kestra, key: ${KEY} }`,
  hooks: '{ dialect: hooks, path: /events }',
  picky: `{ dialect: hooks, path: /picky, when: 'body.wanted' }, { dialect: kestra, key: ${KEY}, when: 'trigger.body.data.wanted' }`,
};

const WORKFLOWS = Object.fromEntries(
  Object.entries(TRIGGERS).flatMap(([name, triggers]) => [
    [`events/${name}.sh`, SAYS],
    ...(triggers === '' ? [] : [[`events/${name}.yaml`, `triggers: [${triggers}]\n`]]),
  ]),
) as Readonly<Record<string, string>>;

let world: World;
let stop = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  const started = await startWorld({ workflows: WORKFLOWS, secrets: { SIGNED: SECRET } });
  ({ stop } = started);
  world = started;
});
afterAll(() => stop());

const HELLO = { message: 'Hello World!' };
const ATTRIBUTES = {
  id: '1234-1234-1234',
  specversion: '1.0',
  type: 'com.example.someevent',
  source: '/mycontext/subcontext',
  time: '2018-04-05T03:56:24Z',
};
const OF_JSON = { ...ATTRIBUTES, datacontenttype: 'application/json' };
const ENVELOPE = { ...OF_JSON, data: HELLO };

/** What the run of this event got. */
type Seen = (event: object, mode: 'binary' | 'structured' | 'batch') => unknown;

interface Place {
  readonly workflow: string;
  readonly path: string;
  readonly seen: Seen;
}

const asData: Seen = () => HELLO;

const PLACES: Readonly<Record<string, Place>> = {
  serve: { workflow: 'serve', path: '/run/events/serve', seen: asData },
  'windmill, a script': {
    workflow: 'windmill',
    path: `${JOBS}/run/p/events/windmill`,
    seen: (event) => ({ ...HELLO, WEBHOOK__METADATA__: event }),
  },
  'windmill, a route': {
    workflow: 'windmill',
    path: '/api/r/events',
    seen: (event) => ({ ...HELLO, WEBHOOK__METADATA__: event }),
  },
  sink: { workflow: 'sink', path: '/sink/trigger/http/app/events', seen: asData },
  endpoints: {
    workflow: 'endpoints',
    path: '/api/endpoints/endpoints',
    seen: () => expect.objectContaining({ ...HELLO, payload: HELLO, body: HELLO }) as unknown,
  },
  'an event source': {
    workflow: 'source',
    path: `/api/hooks/${SOURCE}`,
    seen: () => {
      const event = expect.objectContaining({ type: 'com.example.someevent', body: HELLO }) as unknown;
      return { ...HELLO, _event: event };
    },
  },
  // Flows read `trigger.body` as it came: its document knows no events.
  kestra: {
    workflow: 'kestra',
    path: `/api/v1/executions/webhook/events/kestra/${KEY}`,
    seen: (event, mode) => ({
      trigger: expect.objectContaining({ body: mode === 'binary' ? HELLO : { ...event, data: HELLO } }) as unknown,
    }),
  },
  hooks: { workflow: 'hooks', path: '/hooks/events', seen: asData },
};

const runIds = async (workflow: string): Promise<readonly string[]> => {
  await world.runsOf(`events/${workflow}`); // waits until the list has them all
  const { json } = await world.call(`/runs?workflow=events/${workflow}&limit=100`, { method: 'GET' });
  return (json as { readonly runs: readonly { readonly run_id: string }[] }).runs.map(({ run_id: id }) => id);
};

/** What the runs said that this request started, in the order in which they were asked for. */
const startedBy = async ({ workflow, path }: Place, headers: Readonly<Record<string, string>>, body: string) => {
  const before = new Set(await runIds(workflow));
  const { status, json } = await world.call(path, { headers, body });
  const fresh = (await runIds(workflow)).filter((id) => !before.has(id)).toReversed();
  const said = await Promise.all(fresh.map(async (id) => (await world.ended(id))['output']));
  return { status, json: json as unknown, said };
};

const BINARY_HEADERS = Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, value]) => [`ce-${name}`, value]));

describe.each(Object.entries(PLACES))('%s', (_name, place) => {
  test.each(['application/json', 'application/json; charset=utf-8'])(
    'conformance: binary content mode (%s)',
    async (type) => {
      const headers = { ...BINARY_HEADERS, 'content-type': type };
      const { status, said } = await startedBy(place, headers, '{\n    "message": "Hello World!"\n}');
      expect(status).toBeLessThan(300);
      const event = { ...ATTRIBUTES, datacontenttype: type };
      expect(said).toEqual([{ event, input: place.seen(event, 'binary') }]);
    },
  );

  test.each(['application/cloudevents+json', 'application/cloudevents+json; charset=utf-8'])(
    'conformance: structured content mode (%s)',
    async (type) => {
      const { status, said } = await startedBy(place, { 'content-type': type }, JSON.stringify(ENVELOPE, null, 4));
      expect(status).toBeLessThan(300);
      expect(said).toEqual([{ event: OF_JSON, input: place.seen(OF_JSON, 'structured') }]);
    },
  );

  test('a batch is a run for each of its events, and says so for each', async () => {
    // The library writes single events only: a batch is the list of them.
    const written = ['first', 'second'].map((id) => String(HTTP.structured(new CloudEvent({ ...ENVELOPE, id })).body));
    const text = `[${written.join(',')},{"id":"broken"}]`;
    const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
    const { status, json, said } = await startedBy(place, headers, text);
    const accepted = { source: ENVELOPE.source, status: 'accepted', run_id: expect.any(String) as unknown };
    expect([status, json]).toEqual([
      207,
      {
        items: [
          { id: 'first', ...accepted },
          { id: 'second', ...accepted },
          { index: 2, status: 'refused', code: 'cloudevents.invalid', detail: expect.any(String) as unknown },
        ],
      },
    ]);
    const expected = ['first', 'second'].map((id) => {
      const own = { ...OF_JSON, id, time: '2018-04-05T03:56:24.000Z' };
      return { event: own, input: place.seen(own, 'batch') };
    });
    expect(said).toHaveLength(2);
    expect(said).toEqual(expect.arrayContaining(expected));
  });

  test('one that breaks the specification starts nothing', async () => {
    const headers = { 'content-type': 'application/cloudevents+json' };
    const { status, said } = await startedBy(place, headers, JSON.stringify({ ...ENVELOPE, source: undefined }));
    expect([status, said]).toEqual([expect.toBeOneOf([400, 422]), []]);
  });
});

test('a signature is of the whole batch, and each of its events is started', async () => {
  const body = JSON.stringify([ENVELOPE, { ...ENVELOPE, id: 'next' }]);
  const headers = (text: string) => ({
    'content-type': 'application/cloudevents-batch+json',
    'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`,
  });
  const good = await world.call('/api/r/signed', { token: null, body, headers: headers(body) });
  expect([good.status, good.json]).toMatchObject([202, { items: [{ status: 'accepted' }, { status: 'accepted' }] }]);
  const bad = await world.call('/api/r/signed', { token: null, body, headers: headers(`${body} `) });
  expect(bad.status).toBe(401);
});

test('raw is the text of the event, not that of its batch', async () => {
  const place = { workflow: 'windmill', path: `${JOBS}/run/p/events/windmill?raw=true`, seen: asData };
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  const events = ['first', 'second'].map((id) => ({ ...ENVELOPE, id }));
  const { said } = await startedBy(place, headers, JSON.stringify(events));
  const texts = (said as readonly { readonly input: { readonly raw_string: string } }[]).map(
    ({ input }) => input.raw_string,
  );
  expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(expect.arrayContaining(events));
});

test('conditions see the data of an event; with Kestra the event as it would have come alone', async () => {
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  const body = JSON.stringify([true, false].map((wanted, id) => ({ ...ENVELOPE, id: `${id}`, data: { wanted } })));
  for (const path of ['/hooks/picky', `/api/v1/executions/webhook/events/picky/${KEY}`]) {
    const { status, json } = await world.call(path, { headers, body });
    expect([path, status, json]).toMatchObject([
      path,
      207,
      { items: [{ status: 'accepted' }, { status: 'filtered' }] },
    ]);
  }
});

test('the data of an event has the bounds of any other body', async () => {
  const headers = { 'content-type': 'application/cloudevents+json' };
  const deep = JSON.stringify({ ...ENVELOPE, data: 0 }).replace(
    '"data":0',
    `"data":${'['.repeat(500)}${']'.repeat(500)}`,
  );
  const { status, json } = await world.call('/hooks/events', { headers, body: deep });
  expect([status, json]).toMatchObject([400, { code: 'body.too_deep' }]);
  const batch = { 'content-type': 'application/cloudevents-batch+json' };
  const mixed = await world.call('/hooks/events', { headers: batch, body: `[${deep},${JSON.stringify(ENVELOPE)}]` });
  expect([mixed.status, mixed.json]).toMatchObject([
    207,
    { items: [{ index: 0, code: 'body.too_deep' }, { status: 'accepted' }] },
  ]);
});
