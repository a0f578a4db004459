import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, type ForeignSite, hasChromium, startForeignSite, visit } from './browser.ts';
import { readRoutes } from './described-routes.ts';
import { countRuns, makeToken, NO_RUN, QUICK } from './platform.ts';
import { send } from './send.ts';

const PUBLIC = `
triggers:
  - { dialect: hooks, id: open, path: /open, methods: [GET, POST], auth: public }
`;
const WELCOME = `
triggers:
  - { dialect: hooks, id: welcome, path: /welcome, methods: [GET, POST], auth: public, cross_site: true }
`;

let platform: TestPlatform;
let token: string;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'attack/open.sh': QUICK,
      'attack/open.yaml': PUBLIC,
      'attack/welcome.sh': QUICK,
      'attack/welcome.yaml': WELCOME,
    },
  });
  token = await makeToken(platform.http, 'run:attack/open');
});
afterAll(() => platform.stop());

/** What a page of another site can have started: everything that takes no token, or takes one from a cookie or an address. */
const targets = (): readonly string[] => [
  '/hooks/open',
  '/run/attack/open',
  '/api/w/default/jobs/run/p/attack/open',
  '/api/w/default/jobs/run_wait_result/p/attack/open',
  `/api/w/default/jobs/run/p/attack/open?token=${token}`,
  `/runs/${NO_RUN}/cancel`,
];

/** Headers that a browser adds, by who asks and how. */
const ASKS: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['a form', 'POST', { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-mode': 'navigate' }],
  ['a form of plain text that is JSON', 'POST', { 'content-type': 'text/plain', 'sec-fetch-mode': 'navigate' }],
  ['a form with files', 'POST', { 'content-type': 'multipart/form-data; boundary=b', 'sec-fetch-mode': 'navigate' }],
  ['a script that reads no answer', 'POST', { 'content-type': 'text/plain', 'sec-fetch-mode': 'no-cors' }],
  ['a beacon', 'POST', { 'content-type': 'text/plain;charset=UTF-8', 'sec-fetch-dest': 'empty' }],
  ['an image', 'GET', { 'sec-fetch-dest': 'image', accept: 'image/*' }],
];
/** Pages of other sites, and pages of other ports of this machine; to addresses that are no secure context only the origin is sent. */
const PAGES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'http://evil.test' }],
  ['another port', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:3000' }],
  ['another site that says only where it is', { origin: 'http://evil.test' }],
  ['a page without an address', { origin: 'null' }],
];

test('A23: what the pages ask for would start runs otherwise', async () => {
  for (const path of ['/hooks/open', '/hooks/welcome', `/api/w/default/jobs/run/p/attack/open?token=${token}`]) {
    const { status, text } = await send(platform.url, { method: 'POST', path, body: '{}' });
    expect([path, status < 300, text]).toEqual([path, true, text]);
  }
});

describe('A23: a page of another site starts nothing', () => {
  const cases = PAGES.flatMap(([page, from]) =>
    ASKS.filter(([, method]) => method === 'POST' || 'sec-fetch-site' in from).map(
      ([ask, method, how]) => [ask, page, method, { ...from, ...how }] as const,
    ),
  );
  test.each(cases)('by %s of %s', async (_ask, _page, method, headers) => {
    const before = await countRuns(platform.http);
    for (const path of targets()) {
      const { status } = await send(platform.url, {
        method,
        path,
        headers: { ...headers, cookie: `token=${token}` },
        ...(method === 'GET' ? {} : { body: '{"input":{}}' }),
      });
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    }
    expect(await countRuns(platform.http)).toBe(before);
  });

  test('and no answer invites it: CORS is only where a token stands in a header, and never with cookies', async () => {
    const routes = await readRoutes(platform.http, { path: 'attack/open', id: NO_RUN, workspace: 'default' });
    for (const { path } of routes) {
      const { headers } = await send(platform.url, {
        method: 'OPTIONS',
        path,
        headers: {
          origin: 'http://evil.test',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-workflow-client, authorization',
        },
      });
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      expect(String(headers['access-control-allow-headers'])).not.toMatch(/x-workflow-client|\*/);
      expect([undefined, '*']).toContain(headers['access-control-allow-origin']);
    }
  });
});

describe('A24: a name that was pointed at this machine is not its name', () => {
  test.each([
    'evil.test',
    'evil.test:80',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'localhost@evil.test',
    'evil.test#localhost',
    'xn--localhst-3bb',
    '127.0.0.1:80:80',
  ])('Host: %s', async (host) => {
    const routes = await readRoutes(platform.http, { path: 'attack/open', id: NO_RUN, workspace: 'default' });
    const before = await countRuns(platform.http);
    await Promise.all(
      [...routes, { method: 'POST', path: '/hooks/open' }].map(async ({ method, path }) => {
        const headers = { host, authorization: `Bearer ${platform.token}`, 'x-workflow-client': 'x' };
        const { status, text } = await send(platform.url, { method, path, headers });
        expect([method, path, status, text.length < 500]).toEqual([method, path, 421, true]);
      }),
    );
    expect(await countRuns(platform.http)).toBe(before);
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])('%s is its name', async (host) => {
    expect((await send(platform.url, { path: '/health', headers: { host } })).status).toBe(200);
  });
});

/** Attacks by every means that a page has; then says that it is done. */
const attackingPage = (gateway: string, paths: readonly string[]): string => `<!doctype html><body><script>
document.cookie = 'token=${token}; path=/';
const targets = ${JSON.stringify(paths.map((path) => `${gateway}${path}`))};
const body = '{"input":{}}';
const form = (action, enctype, method) => {
  const frame = document.createElement('iframe');
  frame.name = 'f' + Math.random();
  const form = document.createElement('form');
  Object.assign(form, { action, method, target: frame.name, enctype });
  form.innerHTML = '<input name=\\'{"input":{"a":"\\' value=\\'"}}\\'>';
  document.body.append(frame, form);
  return new Promise((resolve) => { frame.onload = resolve; form.submit(); setTimeout(resolve, 3000); });
};
const show = (name, src) => new Promise((resolve) => {
  const element = document.createElement(name);
  element.onload = element.onerror = resolve; element.src = src; document.body.append(element);
  setTimeout(resolve, 3000);
});
(async () => {
  await Promise.all(targets.flatMap((url) => [
    form(url, 'text/plain', 'post'),
    form(url, 'application/x-www-form-urlencoded', 'post'),
    form(url, 'multipart/form-data', 'post'),
    form(url, 'text/plain', 'get'),
    fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(() => {}),
    fetch(url, { method: 'POST', credentials: 'include', body, headers: { 'x-workflow-client': 'x' } }).catch(() => {}),
    fetch(url, { mode: 'no-cors', credentials: 'include' }).catch(() => {}),
    navigator.sendBeacon(url, body),
    show('img', url), show('iframe', url), show('script', url),
  ]));
  await fetch('/done');
})();
</script>`;

describe.skipIf(!hasChromium)(`A23: in a browser (${CHROMIUM}${hasChromium ? '' : ' is not there'})`, () => {
  const sites: ForeignSite[] = [];
  afterAll(() => sites.forEach((site) => site.close()));

  const attack = async (host: string, paths: readonly string[]): Promise<void> => {
    const site = await startForeignSite(attackingPage(platform.url, paths));
    sites.push(site);
    await visit(`http://${host}:${site.port}/`, site.visited());
  };

  test.each(['localhost', '127.0.0.1'])('a page of http://%s on another port starts nothing', async (host) => {
    const before = await countRuns(platform.http);
    await attack(host, targets());
    expect(await countRuns(platform.http)).toBe(before);
  });

  test('the same page starts runs where a trigger says that pages may', async () => {
    const before = await countRuns(platform.http);
    await attack('localhost', ['/hooks/welcome']);
    await eventually(async () => expect(await countRuns(platform.http)).toBeGreaterThan(before + 3));
  });
});
