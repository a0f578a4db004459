import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { anInboundRequest, type RequestParts } from '../../../testing/windmill-request.ts';
import { startAt, windmill } from '../../../testing/windmill.ts';
import { type StartRoute } from '../../dialect.ts';
import { type BoundTrigger } from '../../trigger-directory.ts';

const json = { 'content-type': 'application/json' };
const prepared = { version: { preprocessor: true } } as BoundTrigger;
const inputOf = (parts: RequestParts, suffix = 'run_wait_result/p/*'): unknown =>
  startAt(suffix).mapInput(anInboundRequest(parts), prepared).input;
const marked = (event: object) => ({
  $preprocess: true,
  event: { kind: 'webhook', body: null, raw_string: null, headers: {}, query: {}, ...event },
});

describe('a workflow with a preprocessor gets an event', () => {
  test.each<[string, RequestParts, object]>([
    ['of nothing', {}, {}],
    ['of an object', { headers: json, body: '{"a": 1}' }, { body: { a: 1 }, raw_string: '{"a": 1}', headers: json }],
    ['of any JSON', { headers: json, body: '[1]' }, { body: [1], raw_string: '[1]', headers: json }],
    [
      'of a text, which is no read body',
      { headers: { 'content-type': 'text/plain' }, body: 'hello' },
      { raw_string: 'hello', headers: { 'content-type': 'text/plain' } },
    ],
    [
      'of a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
      { body: { a: '1' }, raw_string: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      'of a GET with a payload',
      { method: 'GET', search: `payload=${btoa('{"a":2}')}` },
      { body: { a: 2 }, query: { payload: btoa('{"a":2}') } },
    ],
    [
      'with all headers but credentials, in lower case',
      {
        headers: {
          'X-Sign': 's',
          Authorization: 'Bearer x',
          Cookie: 'token=x',
          'X-API-Key': 'k',
          'x-auth-token': 't',
          'Idempotency-Key': 'i',
        },
      },
      { headers: { 'x-sign': 's', 'idempotency-key': 'i' } },
    ],
    ['with the whole query but credentials', { search: 'a=1&b=2&a=3&token=x' }, { query: { a: '1', b: '2' } }],
    ['with skip_preprocessor=false', { search: 'skip_preprocessor=false' }, { query: { skip_preprocessor: 'false' } }],
  ])('%s', (_what, parts, event) => {
    expect(inputOf(parts)).toEqual(marked(event));
  });

  test.each(['run/p/*', 'run/h/:version', 'run_and_stream/p/*', 'run_wait_result/*'])('at %s, too', (suffix) => {
    expect(inputOf({}, suffix)).toEqual(marked({}));
  });

  test('skip_preprocessor=true: the arguments, as they are without a preprocessor', () => {
    expect(inputOf({ headers: json, body: '{"a":1}', search: 'skip_preprocessor=true' })).toEqual({ a: 1 });
  });

  test('of a CloudEvent, with its envelope in the body', () => {
    const attributes = { specversion: '1.0', id: '1', source: 's', type: 't' };
    const request = anInboundRequest({ body: '{"x":1}' });
    const event = { attributes, data: { a: 1 }, hasData: true };
    expect(startAt('run/p/*').mapCloudEvent?.(event, request, prepared).input).toEqual(
      marked({ body: { a: 1, WEBHOOK__METADATA__: attributes }, raw_string: '{"x":1}' }),
    );
  });

  test('of a route of its own, which says the route and its parameters', () => {
    const route = windmill().routes.find(
      (one): one is StartRoute => one.does === 'start' && one.url.startsWith('/api/r/'),
    );
    const trigger = { id: 'o', dialect: 'windmill', address: { route: 'orders/:id' } } as unknown as Trigger;
    const request = anInboundRequest({ method: 'PUT', path: '/api/r/orders/7', headers: json, body: '{"a":1}' });
    expect(route?.mapInput(request, { ...prepared, trigger }).input).toEqual(
      marked({
        kind: 'http',
        body: { a: 1 },
        raw_string: '{"a":1}',
        headers: json,
        route: 'orders/:id',
        path: 'orders/7',
        method: 'PUT',
        params: { id: '7' },
      }),
    );
  });
});
