import { AppError } from '@millrace/kernel';
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CloudEventAttributes, type OutgoingCloudEvent } from './cloud-event.ts';
import { readCloudEvents } from './read-cloud-events.ts';
import { toBatch, toBinaryHeaders, toStructured } from './write-cloud-event.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const lowerCase = (headers: Message['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
const bodyOf = (message: Message): Uint8Array =>
  message.body instanceof Uint8Array ? message.body : bytes((message.body as string | undefined) ?? '');
const read = (headers: Record<string, string>, body = '') => readCloudEvents({ headers, body: bytes(body) });

const ATTRIBUTES: CloudEventAttributes = {
  specversion: '1.0',
  id: '1234-1234-1234',
  source: '/mycontext/subcontext',
  type: 'com.example.someevent',
  time: '2018-04-05T03:56:24Z',
};

/** github.com/cloudevents/conformance, features/http-protocol-binding.feature */
describe('official conformance: HTTP protocol binding', () => {
  test.each(['application/json', 'application/json; charset=utf-8'])('Binary content mode (%s)', (contentType) => {
    const result = read(
      {
        host: 'example.com',
        'ce-specversion': '1.0',
        'ce-type': 'com.example.someevent',
        'ce-time': '2018-04-05T03:56:24Z',
        'ce-id': '1234-1234-1234',
        'ce-source': '/mycontext/subcontext',
        'content-type': contentType,
        'content-length': '33',
      },
      '{\n    "message": "Hello World!"\n}',
    );
    expect(result?.mode).toBe('binary');
    expect(result?.events).toEqual([
      { attributes: { ...ATTRIBUTES, datacontenttype: contentType }, data: { message: 'Hello World!' }, hasData: true },
    ]);
  });

  test.each(['application/cloudevents+json', 'application/cloudevents+json; charset=utf-8'])(
    'Structured content mode (%s)',
    (contentType) => {
      const body = `{
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
    "datacontenttype": "application/json",
    "data": {
        "message": "Hello World!"
    }
}`;
      const result = read({ host: 'example.com', 'content-type': contentType, 'content-length': '266' }, body);
      expect(result?.mode).toBe('structured');
      expect(result?.events).toEqual([
        {
          attributes: { ...ATTRIBUTES, datacontenttype: 'application/json' },
          data: { message: 'Hello World!' },
          hasData: true,
        },
      ]);
    },
  );
});

const BINARY = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };

describe('binary mode', () => {
  test('a request without ce-specversion is no event', () => {
    expect(read({ 'content-type': 'application/json', 'ce-id': '1' }, '{}')).toBeUndefined();
  });

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['%zz and %', '%zz and %'],
    ['%FF%FE', '%FF%FE'],
    ['"a \\"quoted\\" value"', 'a "quoted" value'],
  ])('the header %s is the value %s', (header, value) => {
    expect(read({ ...BINARY, 'ce-myextension': header })?.events[0]?.attributes['myextension']).toBe(value);
  });

  test.each([
    ['no body', undefined, '', { data: undefined, hasData: false }],
    ['JSON', 'application/vnd.github+json', '[1]', { data: [1], hasData: true }],
    ['text', 'text/plain', 'hello', { data: 'hello', hasData: true }],
    ['XML', 'application/soap+xml', '<a/>', { data: '<a/>', hasData: true }],
    ['no content type', undefined, 'hello', { data: 'hello', hasData: true }],
    ['bytes', 'application/octet-stream', 'hi', { data: 'aGk=', hasData: true, dataBytes: bytes('hi') }],
  ])('the data of %s', (_what, contentType, body, expected) => {
    const headers = contentType === undefined ? BINARY : { ...BINARY, 'content-type': contentType };
    const event = read(headers, body)?.events[0];
    expect(event).toEqual({ attributes: event?.attributes, ...expected });
  });

  test.each([
    [{ 'ce-id': '' }, 'the attribute id is empty'],
    [{ 'ce-specversion': '0.3' }, 'the attribute specversion is not 1.0'],
    [{ 'ce-source': 'a b' }, 'the attribute source is not a URI reference'],
    [{ 'ce-time': 'yesterday' }, 'the attribute time is not a time of RFC 3339'],
    [{ 'ce-time': '2026-13-41T00:00:00Z' }, 'the attribute time is not a time of RFC 3339'],
    [{ 'ce-dataschema': 'relative' }, 'the attribute dataschema is not an absolute URI'],
    [{ 'ce-no_name': 'x' }, 'the name of an attribute has other than lower-case letters and digits'],
    [
      { 'ce-datacontenttype': 'text/plain' },
      'the attribute datacontenttype is the header content-type, not ce-datacontenttype',
    ],
  ])('%j is refused', (headers, message) => {
    expect(() => read({ ...BINARY, ...headers })).toThrow(new AppError('invalid', 'cloudevents.invalid', message));
  });

  test.each(['ce-id', 'ce-source', 'ce-type'])('a missing %s is refused', (name) => {
    const others = Object.entries(BINARY).filter(([other]) => other !== name);
    expect(() => read(Object.fromEntries(others))).toThrow(`the attribute ${name.slice(3)} is missing`);
  });

  test('data that is not what its content type says is refused', () => {
    expect(() => read({ ...BINARY, 'content-type': 'application/json' }, '{')).toThrow('the data is not JSON');
  });
});

const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const event = (members: Readonly<Record<string, unknown>> = {}) =>
  ({ specversion: '1.0', id: '1', source: '/s', type: 't', ...members }) as const;

describe('structured mode', () => {
  test('extensions keep their types, and null is absent', () => {
    const given = event({ count: 3, urgent: true, subject: null, partitionkey: 'p' });
    expect(read(STRUCTURED, JSON.stringify(given))?.events[0]).toEqual({
      attributes: { specversion: '1.0', id: '1', source: '/s', type: 't', count: 3, urgent: true, partitionkey: 'p' },
      data: undefined,
      hasData: false,
    });
  });

  test('data that is null is data', () => {
    expect(read(STRUCTURED, JSON.stringify(event({ data: null })))?.events[0]).toMatchObject({
      data: null,
      hasData: true,
    });
  });

  test('data_base64 is decoded, and read when it is declared to be JSON', () => {
    const plain = event({ data_base64: 'AAH/', datacontenttype: 'application/octet-stream' });
    expect(read(STRUCTURED, JSON.stringify(plain))?.events[0]).toMatchObject({
      data: 'AAH/',
      dataBytes: Uint8Array.of(0, 1, 255),
    });
    const json = event({ data_base64: 'eyJhIjoxfQ==', datacontenttype: 'application/json' });
    expect(read(STRUCTURED, JSON.stringify(json))?.events[0]).toMatchObject({ data: { a: 1 } });
  });

  test.each([
    ['[]', 'not a JSON object'],
    ['{', 'the event is not JSON'],
    [JSON.stringify(event({ id: 1 })), 'the attribute id is not a text'],
    [JSON.stringify(event({ data: 1, data_base64: '' })), 'the members data and data_base64 exclude each other'],
    [JSON.stringify(event({ data_base64: '!' })), 'the member data_base64 is not base64'],
    [JSON.stringify(event({ nested: {} })), 'the attribute nested is no text, boolean or integer'],
    [JSON.stringify(event({ count: 1.5 })), 'the attribute count is no text, boolean or integer'],
  ])('%s is refused', (body, message) => {
    expect(() => read(STRUCTURED, body)).toThrow(new AppError('invalid', 'cloudevents.invalid', message));
  });

  test('a member called __proto__ is refused and pollutes nothing', () => {
    const body = JSON.stringify(event()).replace('{', '{"__proto__":{"polluted":1},');
    expect(() => read(STRUCTURED, body)).toThrow('the name of an attribute');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('another format is not supported', () => {
    expect(() => read({ 'content-type': 'application/cloudevents+avro' })).toThrow(
      expect.objectContaining({ kind: 'unsupported', code: 'cloudevents.unsupported_format' }) as Error,
    );
  });

  test('bytes that are no UTF-8 are refused', () => {
    expect(() => readCloudEvents({ headers: STRUCTURED, body: Uint8Array.of(0xff) })).toThrow('the event is not UTF-8');
  });
});

describe('batch mode', () => {
  const BATCH = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };

  test('each item stands for itself', () => {
    const result = read(BATCH, JSON.stringify([event({ id: 'a' }), { id: 'b' }, event({ id: 'c' })]));
    expect(result?.mode).toBe('batch');
    expect(result?.events.map(({ attributes }) => attributes.id)).toEqual(['a', 'c']);
    expect(result?.items.map((item) => ('error' in item ? item.error.message : item.event.attributes.id))).toEqual([
      'a',
      'item 1: the attribute specversion is missing',
      'c',
    ]);
  });

  test('an empty batch has no event', () => {
    expect(read(BATCH, '[]')).toEqual({ mode: 'batch', events: [], items: [] });
  });

  test.each(['{}', '['])('%s is refused as a whole', (body) => {
    expect(() => read(BATCH, body)).toThrow('the batch is not');
  });
});

/** Texts without surrogate halves and controls, which headers cannot carry. */
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.trim() === value);
const attributes = fc.record(
  {
    id: text,
    source: fc.constantFrom('/a/b', 'https://example.com/x', 'urn:uuid:1'),
    type: text,
    subject: text,
    time: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    partitionkey: text,
  },
  { requiredKeys: ['id', 'source', 'type'] },
);
const data = fc.oneof(
  fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  fc.array(fc.integer()),
);

describe('round trips with the cloudevents SDK', () => {
  test('what the SDK emits in structured mode is read', () => {
    fc.assert(
      fc.property(attributes, data, (given, payload) => {
        const sent = new CloudEvent({ ...given, datacontenttype: 'application/json', data: payload });
        const expected = {
          // The SDK adds the time when there is none.
          attributes: { ...given, time: sent.time, specversion: '1.0', datacontenttype: 'application/json' },
          data: JSON.parse(JSON.stringify(payload)) as unknown,
          hasData: true,
        };
        const structured = HTTP.structured(sent);
        const readBack = readCloudEvents({ headers: lowerCase(structured.headers), body: bodyOf(structured) });
        expect(readBack?.events).toEqual([expected]);
      }),
    );
  });

  test('binary mode with plain values, as the SDK does not encode headers', () => {
    const sent = new CloudEvent({
      ...ATTRIBUTES,
      subject: 's',
      partitionkey: 'p',
      datacontenttype: 'application/json',
      data: { a: 1 },
    });
    const message = HTTP.binary(sent);
    expect(readCloudEvents({ headers: lowerCase(message.headers), body: bodyOf(message) })?.events).toEqual([
      {
        attributes: {
          ...ATTRIBUTES,
          time: '2018-04-05T03:56:24.000Z',
          subject: 's',
          partitionkey: 'p',
          datacontenttype: 'application/json',
        },
        data: { a: 1 },
        hasData: true,
      },
    ]);
  });

  test('what is written is read by the SDK', () => {
    const event: OutgoingCloudEvent = {
      attributes: { ...ATTRIBUTES, datacontenttype: 'application/json' },
      data: { a: [1] },
    };
    const structured = HTTP.toEvent({
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(toStructured(event)),
    }) as CloudEvent;
    const binary = HTTP.toEvent({ headers: toBinaryHeaders(event), body: JSON.stringify(event.data) }) as CloudEvent;
    const batch = HTTP.toEvent({
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: toBatch([event, event]),
    }) as CloudEvent[];
    for (const one of [structured, binary, ...batch]) {
      expect(one).toMatchObject({ id: '1234-1234-1234', type: 'com.example.someevent', data: { a: [1] } });
    }
    expect(batch).toHaveLength(2);
  });
});

describe('what is written', () => {
  test('is read again with the same attributes and data, in all modes', () => {
    fc.assert(
      fc.property(attributes, data, (given, payload) => {
        const sent = {
          attributes: { ...given, specversion: '1.0', datacontenttype: 'application/json' },
          data: payload,
        };
        const body = JSON.stringify(payload);
        const modes = [
          read(toBinaryHeaders(sent), body),
          read(STRUCTURED, JSON.stringify(toStructured(sent))),
          read({ 'content-type': 'application/cloudevents-batch+json' }, toBatch([sent])),
        ];
        const expected = { attributes: sent.attributes, data: JSON.parse(body) as unknown, hasData: true };
        for (const mode of modes) expect(mode?.events).toEqual([expected]);
      }),
    );
  });

  test('bytes travel as data_base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (dataBytes) => {
        const body = JSON.stringify(toStructured({ attributes: ATTRIBUTES, dataBytes }));
        expect(body).toContain(Buffer.from(dataBytes).toString('base64'));
        expect(read(STRUCTURED, body)?.events[0]?.dataBytes).toEqual(Uint8Array.from(dataBytes));
      }),
    );
  });

  test('headers have only printable ASCII', () => {
    const headers = toBinaryHeaders({ attributes: { ...ATTRIBUTES, subject: 'Euro € "%" \n😀 \ud800' } });
    expect(headers['ce-subject']).toBe('Euro%20%E2%82%AC%20%22%25%22%20%0A%F0%9F%98%80%20%EF%BF%BD');
  });
});
