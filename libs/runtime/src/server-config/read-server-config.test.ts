import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@millrace/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Type } from 'typebox';
import { configurationTable } from './configuration-table.ts';
import { readServerConfig, type ServerConfigSources } from './read-server-config.ts';
import { SETTINGS } from './settings.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'millrace-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const read = (toml: string, sources: Partial<ServerConfigSources> = {}) => {
  writeFileSync(join(cwd, 'millrace.toml'), toml);
  return readServerConfig({ env: {}, cwd, ...sources });
};

const problemsOf = (use: () => unknown): readonly string[] => {
  try {
    use();
  } catch (error) {
    if (error instanceof AppError && error.code === 'config.invalid') return error.message.split('\n');
    throw error;
  }
  throw new Error('expected problems');
};

describe('values', () => {
  test('are the defaults without a file', () => {
    const config = readServerConfig({ env: {}, cwd });
    expect(config.server).toMatchObject({ port: 8080, bind: '127.0.0.1', maxConcurrentRuns: 4, durability: 'strict' });
    expect(config.server.dataDir).toBe(join(cwd, '.millrace'));
    expect(config.nats).toMatchObject({ url: undefined, logMaxAge: 7 * 24 * 3_600_000, logMaxBytes: 4 * 2 ** 30 });
    expect(Object.isFrozen(config) && Object.isFrozen(config.server)).toBe(true);
  });

  test('come from flags before the environment before the file', () => {
    const toml = '[server]\nport = 1\nbind = "::1"\non_limit = "reject"\n';
    const env = { MILLRACE_PORT: '2', MILLRACE_BIND: '0.0.0.0', MILLRACE_ALLOWED_HOSTS: 'a.example, b.example' };
    const { server } = read(toml, { env, flags: { port: '3', bind: undefined } });
    expect(server).toMatchObject({ port: 3, bind: '0.0.0.0', onLimit: 'reject' });
    expect(server.allowedHosts).toEqual(['a.example', 'b.example']);
  });

  test('that are paths are relative to where they stand', () => {
    mkdirSync(join(cwd, 'etc'));
    writeFileSync(join(cwd, 'etc', 'my.toml'), '[server]\nworkflows = "../flows"\n');
    const sources = { cwd, file: 'etc/my.toml', env: { MILLRACE_DATA_DIR: 'data' } };
    expect(readServerConfig(sources).server).toMatchObject({
      workflows: join(cwd, 'flows'),
      dataDir: join(cwd, 'data'),
    });
  });

  test('that are durations and sizes are written for people', () => {
    const { nats } = read('[nats]\nlog_max_age = "12h"\nlog_max_bytes = "512MiB"\n');
    expect(nats).toMatchObject({ logMaxAge: 12 * 3_600_000, logMaxBytes: 512 * 2 ** 20 });
    const { inbox } = read('[inbox]\nmax_age = "30d"\n');
    expect(inbox).toEqual({ maxAge: 30 * 24 * 3_600_000, maxBytes: 64 * 2 ** 20 });
  });
});

describe('problems', () => {
  test('are reported all at once, each with its line, variable or flag', () => {
    const toml = [
      '# comment', // 1
      'port = 8080', // 2
      '[server]', // 3
      'prot = 8080', // 4
      'on_limit = "drop"', // 5
      '', // 6
      '[nats]', // 7
      'log_max_age = "soon"', // 8
      'max_concurrent_runs = 4', // 9
      '[executer]', // 10
      'slots = 2', // 11
    ].join('\n');
    const found = problemsOf(() =>
      read(toml, { env: { DATABASE_URL: '', MILLRACE_SLOTS: '0' }, flags: { port: 'x' } }),
    );
    expect(found).toEqual([
      'millrace.toml:2: unknown key port: it belongs in [server]',
      'millrace.toml:4: unknown key prot in [server]: did you mean port?',
      'millrace.toml:9: unknown key max_concurrent_runs in [nats]: it belongs in [server]',
      'millrace.toml:10: unknown section [executer]: did you mean [executor]?',
      '--port: server.port must be integer',
      'millrace.toml:5: server.on_limit must be one of "queue", "reject"',
      'millrace.toml:8: nats.log_max_age: "soon" is not a duration: write 250ms, 20s, 15m, 2h or 7d',
      'MILLRACE_SLOTS: executor.slots must be >= 1',
    ]);
  });

  test('are addresses that cannot be used, found before anything is started with them', () => {
    const env = { NATS_URL: 'http://a', DATABASE_URL: 'a/b', OTEL_EXPORTER_OTLP_ENDPOINT: 'no address' };
    expect(problemsOf(() => read('', { env }))).toEqual([
      'NATS_URL: nats.url must be a nats:// address',
      'DATABASE_URL: postgres.url must be a postgres:// address',
      'OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.otlp_endpoint must be an http:// or https:// address',
    ]);
    expect(() =>
      read('', { env: { NATS_URL: 'tls://a:1,nats://b:2', DATABASE_URL: 'postgresql:///x' } }),
    ).not.toThrow();
  });

  test('of the wrong type in the file are not converted away', () => {
    expect(problemsOf(() => read('[server]\nport = "8080"\n'))).toEqual([
      'millrace.toml:2: server.port must be integer',
    ]);
  });

  test('of what is overridden are reported as well', () => {
    const read80 = () => read('[server]\nport = 80000\n', { env: { MILLRACE_PORT: 'x' }, flags: { port: '80' } });
    expect(problemsOf(read80)).toEqual([
      'MILLRACE_PORT: server.port must be integer',
      'millrace.toml:2: server.port must be <= 65535',
    ]);
  });

  test('of TOML itself come with line and column', () => {
    const [first, ...others] = problemsOf(() => read('[server]\nport = = 1\n'));
    expect(others).toEqual([]);
    expect(first).toMatch(/^millrace\.toml:2:\d+: /);
  });

  test('keys in quotes and with dots are found too', () => {
    expect(problemsOf(() => read('server.prot = 1\n\n[log]\n"levl" = "info"\n'))).toEqual([
      'millrace.toml:1: unknown key prot in [server]: did you mean port?',
      'millrace.toml:4: unknown key levl in [log]: did you mean level?',
    ]);
  });

  test('a file that was asked for and is not there is one', () => {
    expect(problemsOf(() => readServerConfig({ env: {}, cwd, file: 'no.toml' }))[0]).toMatch(/^no\.toml: ENOENT/);
  });
});

describe('dialects', () => {
  const sink = {
    name: 'sink',
    settings: Type.Object({
      wait: Type.Integer({ minimum: 1, default: 120 }),
      reply: Type.Enum(['json', 'frames'], { default: 'json' }),
    }),
  };

  test('are configured in sections of their own, as they were written: each key has a default, and any may be left out', () => {
    expect(read('[dialects.sink]\nwait = 3\n', { dialects: [sink] }).dialects).toEqual({ sink: { wait: 3 } });
    expect(read('[dialects.sink]\nreply = "frames"\n', { dialects: [sink] }).dialects).toEqual({
      sink: { reply: 'frames' },
    });
    expect(read('[dialects.sink]\n', { dialects: [sink] }).dialects).toEqual({ sink: {} });
  });

  test('report everything that is wrong at once, each with its line', () => {
    const toml = '[dialects.snik]\nx = 1\n\n[dialects.sink]\nwait = 0\nrepyl = "json"\nreply = "xml"\n';
    expect(problemsOf(() => read(toml, { dialects: [sink] }))).toEqual([
      'millrace.toml:1: unknown section [dialects.snik]: did you mean sink?',
      'millrace.toml:6: unknown key repyl in [dialects.sink]: did you mean reply?',
      'millrace.toml:5: dialects.sink.wait must be >= 1',
      'millrace.toml:7: dialects.sink.reply must be one of "json", "frames"',
    ]);
  });

  test('that whoever reads does not know are taken as they are', () => {
    expect(read('[dialects.other]\nx = 1\n').dialects).toEqual({ other: { x: 1 } });
  });

  test('without a section of their own are a mistake', () => {
    expect(problemsOf(() => read('[dialects]\nwait = 1\n'))).toEqual([
      'millrace.toml:1: dialects has a section for each dialect: write [dialects.sink]',
    ]);
  });
});

test('the table of the documentation names every key, and every key has a description', () => {
  const table = configurationTable();
  for (const [section, settings] of Object.entries(SETTINGS)) {
    expect(table).toContain(`### [${section}]`);
    for (const key of Object.keys(settings)) expect(table).toContain(`| \`${key}\` |`);
  }
  expect(table).not.toMatch(/\|\s+\|$/m);
});
