import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { dialect as windmill } from './dialects/windmill.ts';
import { environmentSettings } from './environment-settings.ts';
import { makeDialect } from './make-dialect.ts';

const settings = Type.Object({
  names: Type.Array(Type.String(), { variable: 'NAMES' }),
  seconds: Type.Number({ variable: 'SECONDS' }),
  silent: Type.String(),
});

test.each<[Readonly<Record<string, string>>, object]>([
  [{}, {}],
  [{ NAMES: '', SECONDS: '' }, {}],
  [
    { NAMES: 'X-Sign, foo,', SECONDS: '1.5' },
    { names: ['X-Sign', 'foo'], seconds: 1.5 },
  ],
  [{ SECONDS: 'soon' }, { seconds: 'soon' }],
  [{ silent: 'x', SILENT: 'x' }, {}],
])('of %j the settings are %j', (env, expected) => {
  expect(environmentSettings({ settings }, env)).toEqual(expected);
});

test('001 Request headers: INCLUDE_HEADERS has the form of include_header', () => {
  expect(environmentSettings(windmill, { INCLUDE_HEADERS: 'X-Sign,foo' })).toEqual({
    include_headers: ['X-Sign', 'foo'],
  });
});

test('a variable that no setting can be is said by the name of the setting', () => {
  const wrong = environmentSettings(windmill, { TIMEOUT_WAIT_RESULT: 'soon' });
  expect(() => makeDialect(windmill, wrong)).toThrow('[dialects.windmill] timeout_wait_result');
});
