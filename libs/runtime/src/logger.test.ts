import { AppError } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { type LogFields, type Logger, makeLogger } from './logger.ts';
import { registerSecretValues } from './registered-secrets.ts';

const SECRET = 'f'.repeat(64);

const written = (use: (log: Logger) => void, level?: 'debug' | 'info'): readonly Record<string, unknown>[] => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  use(makeLogger({ service: 'gateway', destination, ...(level === undefined ? {} : { level }) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};
const lineOf = (message: string, fields?: LogFields) => written((log) => log.info(message, fields))[0];

describe('a line', () => {
  test('says when, who and what, as JSON', () => {
    const line = lineOf('run accepted', { run_id: 'r1' });
    expect(line).toMatchObject({
      level: 'info',
      service: 'gateway',
      pid: process.pid,
      run_id: 'r1',
      msg: 'run accepted',
    });
    expect(String(line?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('of a child carries the bindings', () => {
    const [line] = written((log) => log.child({ run_id: 'r1' }).child({ trace_id: 't1' }).warn('slow'));
    expect(line).toMatchObject({ level: 'warn', run_id: 'r1', trace_id: 't1', msg: 'slow' });
  });

  test('below the level is not written', () => {
    expect(written((log) => log.debug('x'))).toEqual([]);
    expect(written((log) => log.debug('x'), 'debug')).toHaveLength(1);
  });

  test('shows an error with its code, cause and stack', () => {
    const cause = new TypeError('inner');
    const line = lineOf('failed', { err: new AppError('unavailable', 'log.away', 'no answer', { cause }) });
    expect(line?.['err']).toMatchObject({
      type: 'AppError',
      kind: 'unavailable',
      code: 'log.away',
      message: 'no answer',
    });
    expect(line?.['err']).toMatchObject({ cause: { type: 'TypeError', message: 'inner' } });
    expect(String((line?.['err'] as LogFields)['stack'])).toContain('logger.test.ts');
  });
});

describe('what a line never shows', () => {
  test.each([
    ['a header', { headers: { Authorization: `Bearer ${SECRET}`, Cookie: `s=${SECRET}`, 'x-api-key': SECRET } }],
    ['a member named for a secret', { password: SECRET, clientSecret: SECRET, token: SECRET, api_key: SECRET }],
    ['a token in a text', { reason: `refused mr_ab12_${SECRET} here` }],
    ['the query of a URL', { url: `/hooks/x?token=${SECRET}`, next: `http://h:1/p?q=${SECRET}` }],
    ['the userinfo of a URL', { natsUrl: `nats://u:${SECRET}@127.0.0.1:4222` }],
    ['a token in an error', { err: new Error(`connect nats://u:${SECRET}@h mr_ab12_${SECRET}`) }],
    ['a token in a cause', { err: new Error('x', { cause: new Error(`Bearer ${SECRET}`) }) }],
    ['a secret deep inside', { a: [{ b: { c: { authorization: SECRET } } }] }],
    ['a secret deeper than lines go', { a: { a: { a: { a: { a: { a: { a: { a: SECRET } } } } } } } }],
  ])('%s', (_where, fields) => {
    expect(JSON.stringify(lineOf('refused', fields))).not.toContain(SECRET);
  });

  test('a secret in the message or in a binding', () => {
    const lines = written((log) => log.child({ token: SECRET }).info(`GET http://u:${SECRET}@h/p?t=${SECRET}`));
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  test('and leaves what people need', () => {
    const line = lineOf('refused', { token_id: 'ab12', url: '/runs?x=1', detail: `mr_ab12_${SECRET}`, status: 401 });
    expect(line).toMatchObject({
      token_id: 'ab12',
      url: '/runs?[redacted]',
      detail: 'mr_ab12_[redacted]',
      status: 401,
    });
  });
});

test('a registered value appears in no line, whatever its key', () => {
  registerSecretValues(['tr0ub4dor-and-3']);
  const lines = written((log) =>
    log.child({ note: 'tr0ub4dor-and-3' }).info('got tr0ub4dor-and-3', {
      deep: [{ text: Buffer.from('tr0ub4dor-and-3').toString('base64') }],
      err: new Error('bad tr0ub4dor-and-3'),
    }),
  );
  expect(lines).toMatchObject([{ note: '***', msg: 'got ***', deep: [{ text: '***' }], err: { message: 'bad ***' } }]);
  expect(JSON.stringify(lines)).not.toContain('tr0ub4dor');
});
