import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { ECHO } from './platform.ts';
import { type PlainAnswer, send } from './send.ts';

const PAGE = '<script>document.title = "canary"</script><svg onload="alert(1)">';
const WRITES_PAGE = `#!/bin/sh\ncat <<'EOT'\n${PAGE}\nEOT\n`;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: { 'attack/echo.ts': ECHO, 'attack/page.sh': WRITES_PAGE },
  });
});
afterAll(() => platform.stop());

/** A synchronous call whose workflow returns exactly this. */
const resultOf = (result: unknown): Promise<PlainAnswer> =>
  send(platform.url, {
    method: 'POST',
    path: '/api/w/default/jobs/run_wait_result/p/attack/echo',
    headers: { authorization: `Bearer ${platform.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(result),
  });

/** A browser neither guesses another type, nor runs what it holds with the rights of this origin. */
const isInert = ({ headers }: PlainAnswer): boolean => {
  const isSandboxed = /(^|;)\s*sandbox\s*(;|$)/.test(String(headers['content-security-policy']));
  const isJson = /^application\/(problem\+)?json(;|$)/.test(String(headers['content-type']));
  return headers['x-content-type-options'] === 'nosniff' && (isSandboxed || isJson);
};

describe('A28: what a workflow answers runs in no browser', () => {
  test.each([
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/xml',
    'application/xml',
    'text/javascript',
    'application/pdf',
    'application/json-or-html',
    'application/json, text/html',
    'text/plain',
    'multipart/x-mixed-replace; boundary=b',
    '*/*',
    '',
  ])('as %j', async (type) => {
    const answer = await resultOf({ windmill_content_type: type, result: PAGE });
    expect([answer.headers['content-type'], isInert(answer)]).toEqual([answer.headers['content-type'], true]);
  });

  test('it cannot take the guards away', async () => {
    const answer = await resultOf({
      windmill_content_type: 'text/html',
      windmill_headers: {
        'Content-Security-Policy': "default-src *; script-src 'unsafe-inline'",
        'X-Content-Type-Options': 'sniff',
        'Referrer-Policy': 'unsafe-url',
        'Content-Type': 'text/html',
      },
      result: PAGE,
    });
    expect(isInert(answer)).toBe(true);
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
  });

  test('neither does what it wrote, returned or was called with, wherever that is shown', async () => {
    const id = await startRun(platform.http, 'attack/page', { input: PAGE });
    await untilEnded(platform.http, id);
    const headers = { authorization: `Bearer ${platform.token}` };
    for (const path of [
      `/runs/${id}`,
      `/runs/${id}/logs`,
      `/status/${id}`,
      `/runs?limit=1`,
      `/workflows/${PAGE}`,
      `/${PAGE}`,
    ]) {
      const answer = await send(platform.url, { path: encodeURI(path), headers });
      const isText = String(answer.headers['content-type']).startsWith('text/plain');
      const isSafe = isInert(answer) || (isText && answer.headers['x-content-type-options'] === 'nosniff');
      expect([path, answer.headers['content-type'], isSafe]).toEqual([path, answer.headers['content-type'], true]);
    }
  });
});

describe('A29: a status or a header that a workflow chose', () => {
  test.each([200, 201, 299, 302, 404, 418, 503, 599])('%i is taken', async (status) => {
    expect((await resultOf({ windmill_status_code: status, result: {} })).status).toBe(status);
  });

  test.each([0, 1, 99, 100, 101, 103, 199, 600, 999, 65_535])(
    '%i is no final status: 500 that says so',
    async (status) => {
      const answer = await resultOf({ windmill_status_code: status, result: {} });
      expect([answer.status, answer.text]).toEqual([500, expect.stringMatching(/status/i)]);
    },
  );

  test.each([-1, 1.5, 1e9, '200', null, [], { a: 1 }, true])(
    '%j is no status at all, and the result is JSON',
    async (status) => {
      const answer = await resultOf({ windmill_status_code: status, windmill_content_type: 'text/html', result: PAGE });
      expect(answer.status < 600 && isInert(answer)).toBe(true);
    },
  );

  test.each([
    ['a line end in a value', { 'X-A': 'a\r\nSet-Cookie: token=stolen' }],
    ['a line feed', { 'X-A': 'a\nX-B: b' }],
    ['a NUL', { 'X-A': 'a\u0000b' }],
    ['what no header can hold', { 'X-A': '\u2028' }],
    ['a name with a space', { 'X A': 'b' }],
    ['a name with a colon', { 'X-A: b': 'c' }],
    ['no name', { '': 'b' }],
  ])('%s: 500, and nothing of it is sent', async (_name, windmill_headers) => {
    const answer = await resultOf({ windmill_headers, result: {} });
    expect([answer.status, answer.headers['set-cookie'], answer.headers['x-b']]).toEqual([500, undefined, undefined]);
  });

  test.each([
    'Set-Cookie',
    'set-cookie2',
    'Transfer-Encoding',
    'Content-Length',
    'Connection',
    'Keep-Alive',
    'Trailer',
    'Upgrade',
    'Proxy-Connection',
    'Clear-Site-Data',
    'Strict-Transport-Security',
    'Service-Worker-Allowed',
    'Access-Control-Allow-Credentials',
    'Alt-Svc',
  ])('%s is the server to say', async (name) => {
    const answer = await resultOf({ windmill_headers: { [name]: '7777' }, result: 'body' });
    expect([answer.status, answer.headers[name.toLowerCase()] === '7777']).toEqual([200, false]);
    expect(answer.text).toBe('"body"');
  });
});
