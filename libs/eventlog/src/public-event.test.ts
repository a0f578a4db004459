import { CloudEvent, HTTP } from 'cloudevents';
import { type RunEvent } from '@millrace/contracts';
import { completed, dispatched, failed, requested } from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeHeaderValue,
  decodePublicEvent,
  encodeHeaderValue,
  POSITION_HEADER,
  publicBody,
  publicHeaders,
} from './public-event.ts';

const position = { sequence: 12, index: 3 };

const roundTrip = (event: RunEvent) => {
  const headers = new Map(publicHeaders(position, event));
  return decodePublicEvent((name) => headers.get(name), publicBody(event));
};

describe('public event', () => {
  test('has the headers that the CloudEvents SDK writes in binary mode', () => {
    const event = failed({ attempt: 2, causationid: 'cause-1' });
    const { [POSITION_HEADER]: at, ...ours } = Object.fromEntries(publicHeaders(position, event));
    expect(at).toBe('12.3');
    const theirs = HTTP.binary(new CloudEvent({ ...event })).headers;
    expect(ours).toEqual(Object.fromEntries(Object.entries(theirs).map(([name, value]) => [name, String(value)])));
  });

  test('is read by the CloudEvents SDK', () => {
    const event = completed({ output: { text: 'ä "quoted"' } });
    const headers = Object.fromEntries(publicHeaders(position, event));
    const read = HTTP.toEvent({ headers, body: publicBody(event) });
    expect(read).toMatchObject({ id: event.id, type: event.type, subject: event.subject, data: event.data });
  });

  test('comes back as it was', () => {
    const event = completed({ workflow: 'f/ops/deploy', source: '/millrace/executor/ex 1 "ü" 100%' });
    expect(roundTrip(event)).toEqual(event);
  });

  test('hides the environment and the reply subject of a request', () => {
    const event = requested({ env: { SECRET: 'hush' }, replyTo: 'reply.gw.1', input: { a: 1 } });
    expect(publicBody(event)).not.toMatch(/hush|SECRET|replyTo/);
    expect(roundTrip(event)).toMatchObject({ data: { input: { a: 1 } } });
  });

  test('hides input and environment of a dispatch', () => {
    const event = dispatched({ env: { SECRET: 'hush' }, input: { deep: 'secret' }, replyTo: 'reply.gw.1' });
    expect(publicBody(event)).not.toMatch(/hush|secret|replyTo/);
  });

  test('encodes header values to printable ASCII without space, quote and percent, and back', () => {
    expect(encodeHeaderValue('Euro € 😀 "50%"')).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80%20%2250%25%22');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = encodeHeaderValue(text);
        expect(encoded).toMatch(/^[\x21-\x7e]*$/);
        expect(decodeHeaderValue(encoded)).toBe(text.toWellFormed());
      }),
    );
  });

  test('refuses a type that is not ours', () => {
    expect(() => decodePublicEvent(() => 'com.example.other', '{}')).toThrow('not the type of a run event');
  });
});
