import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { countRuns } from './platform.ts';

/** Each of these makes some program run what the caller sends, or talk to whom the caller says. */
const HOSTILE = [
  ...['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'LD_DEBUG_OUTPUT', 'GCONV_PATH', 'GLIBC_TUNABLES', 'LOCPATH'],
  ...['PATH', 'HOME', 'TMPDIR', 'IFS', 'PS4', 'ENV', 'SHELL', 'BASH_ENV', 'BASH_FUNC_echo', 'BASH_FUNC_echo%%'],
  ...['SHELLOPTS', 'BASHOPTS', 'PROMPT_COMMAND', 'CDPATH', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS'],
  ...['PYTHONSTARTUP', 'PYTHONPATH', 'PYTHONHOME', 'PERL5OPT', 'PERL5LIB', 'PERL5DB', 'RUBYOPT', 'RUBYLIB'],
  ...['JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'GIT_SSH_COMMAND', 'GIT_DIR', 'GIT_CONFIG_COUNT', 'GIT_EXTERNAL_DIFF'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'SSLKEYLOGFILE', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'],
  ...['http_proxy', 'https_proxy', 'no_proxy', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_EXPORTER', 'TRACEPARENT'],
  ...['MILLRACE_INPUT', 'MILLRACE_OUTPUT', 'MILLRACE_TOKEN', 'MILLRACE_RUN_ID'],
  ...['npm_config_registry', 'EDITOR', 'PAGER', 'LESSOPEN', 'TAR_OPTIONS', 'RSYNC_RSH', 'ld_preload'],
  ...['__proto__', 'constructor', 'A B', 'A=B', '1A', '', 'A\n', 'A\0B'],
];
/** A name that a page or a log of ours may show. */
const ALLOWED_ANYWAY = new Set(['constructor']);
/** Ours to read by workflows on purpose, and no caller's to set. */
const SECRET = `secret-${process.pid}-of-the-server`;

const SCRIPT = `#!/bin/bash
echo "SELF"; tr '\\0' '\\n' < /proc/self/environ
echo "SHELL"; tr '\\0' '\\n' < /proc/$$/environ
echo "PARENT"; tr '\\0' '\\n' 2>/dev/null < /proc/$PPID/environ
exit 0
`;

let platform: TestPlatform;
let canary: string;
beforeAll(async () => {
  process.env['SERVER_SECRET'] = SECRET;
  process.env['MILLRACE_MASTER_KEY'] = Buffer.from(SECRET.padEnd(32, 'x').slice(0, 32)).toString('base64');
  platform = await startTestPlatform({
    workflows: {
      'attack/open.sh': SCRIPT,
      'attack/declared.sh': SCRIPT,
      'attack/declared.yaml': `env: [TARGET]\n`,
    },
  });
  canary = join(platform.home, 'canary');
  writeFileSync(`${canary}.sh`, `touch ${canary}.ran\n`, { mode: 0o755 });
});
afterAll(async () => {
  delete process.env['SERVER_SECRET'];
  delete process.env['MILLRACE_MASTER_KEY'];
  await platform.stop();
});

/** Every way by which a caller can hand over an environment. */
const ENTRIES: readonly (readonly [string, string, (env: unknown) => unknown])[] = [
  ['POST /run', '/run/attack/open', (env) => ({ env })],
  ['POST /run of a workflow that declares names', '/run/attack/declared', (env) => ({ env })],
  ['POST /run with an input beside it', '/run/attack/open?wait=1', (env) => ({ env, input: { env } })],
];

describe('A16: no variable that programs obey comes from a caller', () => {
  test.each(ENTRIES)('%s', async (_name, path, bodyOf) => {
    const before = await countRuns(platform.http);
    for (const name of HOSTILE) {
      if (ALLOWED_ANYWAY.has(name) && path.endsWith('open')) continue;
      const env: unknown = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(`${canary}.sh`)}}`);
      const { status, json, text } = await platform.http.post(path, { body: bodyOf(env) });
      if (ALLOWED_ANYWAY.has(name)) continue;
      expect([name, status]).toEqual([name, 400]);
      if (name !== '__proto__') expect(json).toMatchObject({ code: expect.stringMatching(/^env\./), variable: name });
      expect(text).not.toContain(canary);
    }
    expect((await countRuns(platform.http)) - before).toBeLessThanOrEqual(ALLOWED_ANYWAY.size);
    expect(existsSync(`${canary}.ran`)).toBe(false);
  });

  test('one bad name among good ones refuses the request', async () => {
    const { status } = await platform.http.post('/run/attack/open', { body: { env: { TARGET: 'a', BASH_ENV: 'b' } } });
    expect(status).toBe(400);
  });
});

test('A16: a run sees what it was given, and nothing of the server', async () => {
  const id = await startRun(platform.http, 'attack/declared', { env: { TARGET: 'moon' } });
  expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'completed' });
  const { text } = await platform.http.get(`/runs/${id}/logs`);
  expect(text).toContain('TARGET=moon');
  const names = new Set([...text.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name));
  for (const name of ['NATS_URL', 'DATABASE_URL', 'MILLRACE_DATABASE_URL', 'MILLRACE_MASTER_KEY', 'SERVER_SECRET']) {
    expect(names).not.toContain(name);
  }
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(platform.token);
  expect(text).not.toContain(new URL(platform.natsUrl).password);
});

test('A16: the gateway, which talks to callers, holds no token of the server', () => {
  const environ = readFileSync(`/proc/${platform.pid('gateway')}/environ`, 'latin1');
  expect(environ).not.toContain(platform.token);
});
