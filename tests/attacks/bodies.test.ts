import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countRuns, ECHO } from './platform.ts';
import { send } from './send.ts';

const MIB = 1024 * 1024;
/** `BODY_BYTES_MAX` of docs/http.md. */
const BODY_MAX = MIB;

const TRIGGERS = `triggers:
  - { dialect: hooks, id: form, path: /form, when: 'has(body.a)' }
  - { dialect: hooks, id: twilio, path: /twilio, signature: { preset: twilio, secret: TWILIO } }
  - { dialect: hooks, id: graph, path: /graph, signature: { preset: microsoft-graph, secret: GRAPH } }
  - { dialect: sink, app_id: app, path: /large }
`;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ workflows: { 'attack/echo.ts': ECHO, 'attack/echo.yaml': TRIGGERS } });
});
afterAll(() => platform.stop());

const headers = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  authorization: `Bearer ${platform.token}`,
  'x-workflow-client': 'x',
  ...more,
});
const post = (path: string, body: string | Uint8Array, more?: Readonly<Record<string, string>>) =>
  send(platform.url, { method: 'POST', path, headers: headers(more), body });

describe('A12: a content type does not change what is checked', () => {
  const forged = '{"scopes":["admin","root"],"files":{"a":{"filepath":"/etc/passwd"}}}';
  const boundary = '--b\r\ncontent-disposition: form-data; name="scopes"\r\n\r\nadmin\r\n--b--\r\n';
  test.each([
    ['application/json\ta', 415],
    ['application/json a', 415],
    ['application/json, text/plain', 415],
    ['\tapplication/json', 400],
    ['application/json;', 400],
    ['application/json; charset=utf-8', 400],
    ['APPLICATION/JSON', 400],
    ['application/jsonx', 415],
    ['application/vnd.api+json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=b', 415],
    ['multipart/form-data', 415],
    ['*/*', 415],
    ['__proto__', 415],
  ])('of %j a token is not made by a body that the schema refuses', async (type, status) => {
    for (const body of type.startsWith('multipart') ? [forged, boundary] : [forged]) {
      const answer = await post('/tokens', body, { 'content-type': type });
      expect([answer.status, answer.text.includes('mr_')]).toEqual([status, false]);
    }
  });

  test('without one neither', async () => {
    const { status } = await post('/tokens', forged);
    expect([400, 415]).toContain(status);
  });

  // Its clients say that they send a form; the input is what the JSON says all the same, and a file is only what a parser made.
  test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'text/plain', ''])(
    'of %j the serve dialect takes JSON, and no file',
    async (type) => {
      const body = '{"input":{"files":{"a":{"filepath":"/etc/passwd"}}}}';
      const { status, text: answer } = await post(
        '/run/attack/echo?wait=20',
        body,
        type === '' ? {} : { 'content-type': type },
      );
      expect([status, (JSON.parse(answer) as { output: unknown }).output]).toEqual([
        200,
        { files: { a: { filepath: '/etc/passwd' } } },
      ]);
    },
  );
});

/** Resident memory of the gateway, in bytes. */
const residentBytes = (): number => {
  const [, kib = '0'] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${platform.pid('gateway')}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
};

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',')}}`;

interface Bomb {
  readonly name: string;
  readonly make: () => string | Uint8Array;
  readonly status: number;
  readonly encoding?: string;
}

const BOMBS: readonly Bomb[] = [
  { name: 'one byte more than the limit', make: () => `{"a":"${'x'.repeat(BODY_MAX - 7)}"}`, status: 413 },
  { name: 'eight times the limit', make: () => 'x'.repeat(8 * BODY_MAX), status: 413 },
  {
    name: 'zeros that were compressed a thousandfold',
    make: () => gzipSync(Buffer.alloc(200 * MIB)),
    status: 415,
    encoding: 'gzip',
  },
  { name: '500,000 arrays in each other', make: () => nested(500_000), status: 400 },
  {
    name: '100,000 objects in each other',
    make: () => `${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`,
    status: 400,
  },
  { name: '10,001 members', make: () => members(10_001), status: 400 },
  { name: '80,000 members of one name', make: () => `{${'"a":0,'.repeat(80_000)}"b":${nested(70)}}`, status: 400 },
  { name: 'a text that never ends', make: () => `{"a":"${'\\'.repeat(BODY_MAX - 10)}`, status: 400 },
  { name: 'half a million signs', make: () => '-'.repeat(500_000), status: 400 },
  { name: 'bytes that are no text', make: () => Buffer.alloc(BODY_MAX, 0xff), status: 400 },
];

describe('A13: a body that is a bomb', () => {
  test.each(BOMBS)('$name: refused soon, without memory', async ({ make, status, encoding }) => {
    const body = make();
    const before = await countRuns(platform.http);
    const memory = residentBytes();
    const began = performance.now();
    const answer = await post('/run/attack/echo', body, {
      'content-type': 'application/json',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    });
    const took = performance.now() - began;
    expect([answer.status, took < 3_000]).toEqual([status, true]);
    expect(answer.text.length).toBeLessThan(1_000);
    expect(await countRuns(platform.http)).toBe(before);
    // Every body is in memory once or twice until it is collected; none is unpacked or multiplied.
    await eventually(() => expect(residentBytes() - memory).toBeLessThan(96 * MIB));
  });

  const FORM = 'application/x-www-form-urlencoded';
  const PARTS = 'multipart/form-data; boundary=b';
  const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n';
  const fields = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}`).join('&');
  const SINK = '/sink/trigger/http/app/large';

  const JSON_TYPE = 'application/json';
  const EVENTS = 'application/cloudevents-batch+json';

  /** Each kept all other callers waiting for 50 ms to minutes, those of signed triggers for whoever sent them. */
  test.each([
    { name: '100,000 fields', path: '/hooks/form', type: FORM, make: () => fields(100_000) },
    { name: 'one field 500,000 times', path: '/hooks/form', type: FORM, make: () => 'a&'.repeat(500_000) },
    { name: 'fields', path: '/api/w/w/jobs/run/p/attack/echo', type: FORM, make: () => fields(100_000) },
    { name: 'unsigned fields', path: '/hooks/twilio', type: FORM, make: () => fields(100_000), status: 401 },
    { name: 'unsigned brackets', path: '/hooks/graph', type: JSON_TYPE, make: () => '['.repeat(MIB), status: 401 },
    { name: '17,000 parts', path: '/hooks/form', type: PARTS, make: () => part.repeat(17_000) },
    { name: '100,001 lists', path: '/hooks/form', type: JSON_TYPE, make: () => `[${'[],'.repeat(100_000)}0]` },
    { name: '10 MiB of brackets', path: SINK, type: JSON_TYPE, make: () => '['.repeat(10 * MIB - 1) },
    { name: 'an event', path: '/hooks/form', type: 'application/cloudevents+json', make: () => '['.repeat(MIB) },
    { name: 'members of a batch', path: '/hooks/form', type: EVENTS, make: () => `[${members(50_001)}]` },
  ])('$name at $path: refused before they are read', async ({ path, type, make, status = 400 }) => {
    const before = await countRuns(platform.http);
    const answer = await post(path, make(), { 'content-type': type, 'x-twilio-signature': 'AAAA' });
    expect([answer.status, answer.text.length < 1_000]).toEqual([status, true]);
    expect(await countRuns(platform.http)).toBe(before);
  });

  test('numbers and texts of any size within the limit are values', async () => {
    const input = { big: 1e308, text: 'x'.repeat(200_000), odd: '\u0000\ud800' };
    const { status, text: answer } = await post('/run/attack/echo?wait=20', JSON.stringify({ input }));
    expect([status, (JSON.parse(answer) as { output: unknown }).output]).toEqual([200, input]);
    const huge = await post('/run/attack/echo', `{"input":{"n":${'9'.repeat(100_000)}}}`);
    expect([202, 400]).toContain(huge.status);
  });

  test('what comes in pieces without a length is counted as it comes', async () => {
    const socket = connect(Number(new URL(platform.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const answer = text(socket).catch(() => '');
    const head = Object.entries(headers()).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST /run/attack/echo HTTP/1.1\r\nHost: localhost\r\n${head.join('')}Transfer-Encoding: chunked\r\n\r\n`,
    );
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (let sent = 0; sent < 3 * MIB && !socket.destroyed; sent += 0x10000) socket.write(piece);
    socket.end('0\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

/** What a server says to these bytes until it closes the connection. */
const exchange = async (bytes: string): Promise<string> => {
  const socket = connect(Number(new URL(platform.url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  const kept = setTimeout(() => {
    answer += '\n[the connection was kept]';
    socket.destroy();
  }, 5_000);
  await once(socket, 'close');
  clearTimeout(kept);
  return answer;
};

describe('A33: a request that two readers would cut in two places', () => {
  const SMUGGLED = 'POST /run/attack/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}';
  const request = (lines: readonly string[], body = '0\r\n\r\n'): string => {
    const given = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`);
    const first = lines.some((line) => /^(POST|GET) /.test(line)) ? [] : ['POST /run/attack/echo HTTP/1.1'];
    return `${[...first, ...lines.slice(0, 1), 'Host: localhost', ...given, ...lines.slice(1)].join('\r\n')}\r\n\r\n${body}`;
  };
  test.each<[string, readonly string[]]>([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['two lengths in one', ['Content-Length: 5, 6']],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5']],
    ['a length and pieces', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['pieces and a length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['pieces that something else comes after', ['Transfer-Encoding: chunked, identity']],
    ['a coding that nobody knows', ['Transfer-Encoding: xchunked']],
    ['a coding in quotes', ['Transfer-Encoding: "chunked"']],
    ['two codings', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked, cow']],
    ['a space before the colon', ['Transfer-Encoding : chunked']],
    ['a line that goes on', ['Transfer-Encoding:\r\n chunked']],
    ['a length with a sign', ['Content-Length: +5']],
    ['a length in hexadecimal', ['Content-Length: 0x5']],
    ['a negative length', ['Content-Length: -1']],
    ['a length that is no number', ['Content-Length: five']],
    ['a length that does not fit', ['Content-Length: 99999999999999999999']],
    ['a NUL in a name', ['X\0Y: 1']],
    ['a carriage return alone', ['X: 1\rContent-Length: 5']],
    ['a header without a name', [': 1']],
    ['another protocol', ['POST /run/attack/echo HTTP/2.7', 'X: 1']],
  ])('%s: 400, and the connection is closed', async (_name, lines) => {
    const before = await countRuns(platform.http);
    const answer = await exchange(request(lines) + SMUGGLED);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|505) /);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(answer).not.toContain('the connection was kept');
    expect(await countRuns(platform.http)).toBe(before);
  });

  test.each([
    ['a length of a piece that is none', 'Z\r\nhello\r\n0\r\n\r\n'],
    ['a piece that is longer than it says', '3\r\nhello\r\n0\r\n\r\n'],
    ['a line end that is half of one', '5\nhello\n0\n\n'],
    ['a length that does not fit', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ])('%s within a body starts nothing', async (_name, body) => {
    const before = await countRuns(platform.http);
    const answer = await exchange(request(['Transfer-Encoding: chunked'], body) + SMUGGLED);
    expect(answer).not.toMatch(/HTTP\/1\.1 2/);
    expect(await countRuns(platform.http)).toBe(before);
  });

  test('what follows a refused request on the same connection is not read as one of its caller', async () => {
    const before = await countRuns(platform.http);
    const head = 'POST /run/attack/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 120\r\n\r\n';
    const next = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const answer = await exchange(`${head}${SMUGGLED}`.padEnd(head.length + 120, ' ') + next);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
    expect(await countRuns(platform.http)).toBe(before);
  });
});
