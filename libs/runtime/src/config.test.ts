import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const Schema = Type.Object({
  PORT: Type.Integer({ minimum: 1, maximum: 65_535, default: 8080 }),
  DATABASE_URL: Type.String(),
  MODE: Type.Enum(['queue', 'reject'], { default: 'queue' }),
  VERBOSE: Type.Boolean({ default: false }),
});

const refusalOf = (env: Record<string, string>): AppError => {
  try {
    loadConfig(Schema, env);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('expected an AppError');
};

test('texts become values, defaults are filled in, others are left out', () => {
  const config = loadConfig(Schema, { PORT: '9090', DATABASE_URL: 'postgres://x', VERBOSE: 'true', HOME: '/root' });
  expect(config).toEqual({ PORT: 9090, DATABASE_URL: 'postgres://x', MODE: 'queue', VERBOSE: true });
  expect(Object.isFrozen(config)).toBe(true);
});

test('a variable set to nothing counts as absent', () => {
  expect(loadConfig(Schema, { PORT: '', DATABASE_URL: 'x' }).PORT).toBe(8080);
});

test('every problem is named at once', () => {
  const { kind, code, message, details } = refusalOf({ PORT: '70000', MODE: 'drop' });
  expect({ kind, code }).toEqual({ kind: 'invalid', code: 'config.invalid' });
  expect(details?.['problems']).toEqual([
    'DATABASE_URL is missing',
    'PORT must be <= 65535',
    'MODE must be one of "queue", "reject"',
  ]);
  expect(message).toContain('DATABASE_URL is missing; PORT must be');
});
