/** The sections of document 001 about what a script gets of a request, and how its result is answered. */
import { describe, expect, test } from 'vitest';
import { asPayload, HELLO, JOBS, SYNC, type windmillCaller } from './windmill-world.ts';

type Caller = Pick<ReturnType<typeof windmillCaller>, 'ask' | 'read' | 'hello' | 'hashOf' | 'untilOver'>;

/** Registers their tests. */
export const describeArgumentsAndAnswers = ({ ask, read, hello, hashOf, untilOver }: Caller): void => {
  describe('001 Request headers', () => {
    test('include_header names those that become arguments', async () => {
      const headers = { 'X-Sign': 's', foo: 'f', bar: 'b' };
      const { json } = await ask(`${SYNC}/p/${HELLO}?include_header=X-Sign,foo`, { headers, body: { a: 1 } });
      expect(json()).toEqual({ a: 1, x_sign: 's', foo: 'f' });
    });

    test('the variable INCLUDE_HEADERS does so for every request to any job', async () => {
      const headers = { 'X-Tenant': 'acme', 'X-Region': 'eu' };
      for (const address of [`p/${HELLO}`, `h/${await hashOf(HELLO)}`]) {
        const { json } = await ask(`${SYNC}/${address}`, { headers, body: {} });
        expect(json()).toEqual({ x_tenant: 'acme', x_region: 'eu' });
      }
    });
  });

  describe('001 Query args', () => {
    test('include_query names those that become arguments, at every address', async () => {
      const query = '?include_query=a,b,c&a=foo&b=bar&c=foobar&d=no';
      const wanted = { a: 'foo', b: 'bar', c: 'foobar' };
      expect((await read(`${SYNC}/p/${HELLO}${query}`)).json()).toEqual(wanted);
      expect((await hello({}, query)).json()).toEqual(wanted);
      expect(await untilOver((await ask(`${JOBS}/run/p/${HELLO}${query}`)).text)).toMatchObject({ result: wanted });
    });
  });

  describe('001 Payloads', () => {
    test.each(['[1,2,3]', '"text"', '3', 'null', 'true'])(
      '%s is no object: it becomes the argument body',
      async (text) => {
        expect((await hello(text)).text).toBe(`{"body":${text}}`);
      },
    );

    test('a script can process it as def main(body: List[int]), export async function main(body: any)', async () => {
      expect((await ask(`${SYNC}/p/u/bot/sum`, { body: [1, 2, 3] })).json()).toBe(6);
      expect((await ask(`${SYNC}/p/u/bot/sum_in_python`, { body: [1, 2, 3] })).json()).toBe(6);
      expect((await ask(`${SYNC}/p/u/bot/any_in_python?wrap_body=true`, { body: { a: 1 } })).json()).toEqual([
        'Hello',
        { a: 1 },
      ]);
    });

    test('wrap_body=true does the same with an object', async () => {
      expect((await hello({ a: 1 }, '?wrap_body=true')).json()).toEqual({ body: { a: 1 } });
    });

    test('raw=true adds the text of the payload, byte for byte', async () => {
      const sent = '{ "a":1,\n "b": "é" }';
      expect((await hello(sent, '?raw=true')).json()).toEqual({ a: 1, b: 'é', raw_string: sent });
    });
  });

  describe('001 Custom response code and content type', () => {
    const CREATED = { windmill_status_code: 201, result: { Hello: 'World' } };

    test('windmill_status_code is the status, and result the body, at every synchronous address', async () => {
      const answers = [
        await hello(CREATED),
        await ask(`${SYNC}/f/${HELLO}`, { body: CREATED }),
        await ask(`${SYNC}/h/${await hashOf(HELLO)}`, { body: CREATED }),
        await read(`${SYNC}/p/${HELLO}?payload=${asPayload(CREATED)}`),
      ];
      for (const { status, text } of answers) expect([status, text]).toEqual([201, '{"Hello":"World"}']);
    });

    test.each([99, 600, 1_000])('a status of %i is an error', async (status) => {
      expect((await hello({ windmill_status_code: status, result: 1 })).status).toBe(500);
    });

    test('windmill_content_type is the type, and a text is sent as it is', async () => {
      const { headers, text } = await hello({ windmill_content_type: 'text/csv', result: 'Hello;World' });
      expect([headers.get('content-type'), text]).toEqual(['text/csv', 'Hello;World']);
    });
  });
};
