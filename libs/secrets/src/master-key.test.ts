import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isOpenToOthers, loadKeyRing, parseKeyRing } from './master-key.ts';

const ONE = Buffer.alloc(32, 1).toString('base64');
const TWO = Buffer.alloc(32, 2).toString('base64');
const folder = mkdtempSync(join(tmpdir(), 'millrace-key-'));
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};

describe('a key ring', () => {
  test('seals with its first key and opens with all', () => {
    const { current, byId } = parseKeyRing(`${ONE}\n${TWO}\n`, 'test');
    expect(current?.id).toBe('72cd6e84');
    expect([...byId.keys()]).toEqual(['72cd6e84', '75877bb4']);
  });

  test('is that of the variable before that of the file, and may be empty', () => {
    const file = fileOf('key', `${TWO}\n`);
    expect(loadKeyRing({ MILLRACE_MASTER_KEY: ONE, MILLRACE_MASTER_KEY_FILE: file }).current?.id).toBe('72cd6e84');
    expect(loadKeyRing({ MILLRACE_MASTER_KEY: '', MILLRACE_MASTER_KEY_FILE: file }).current?.id).toBe('75877bb4');
    expect(loadKeyRing({}).current).toBeUndefined();
  });

  test.each(['short', ONE.slice(4), `${ONE}AAAA`, `${ONE.slice(0, -2)}!=`])(
    'refuses %j without repeating it',
    (text) => {
      expect(() => parseKeyRing(text, 'MILLRACE_MASTER_KEY')).toThrow(/^MILLRACE_MASTER_KEY is no master key/);
      expect(() => parseKeyRing(text, 'MILLRACE_MASTER_KEY')).not.toThrow(text);
    },
  );

  test('refuses a file that is empty or not there, by its name', () => {
    expect(() => loadKeyRing({ MILLRACE_MASTER_KEY_FILE: fileOf('empty', '\n') })).toThrow(/empty is empty$/);
    expect(() => loadKeyRing({ MILLRACE_MASTER_KEY_FILE: join(folder, 'none') })).toThrow(/none cannot be read$/);
  });
});

test('a key file that others may read is known', () => {
  const file = fileOf('open', ONE);
  expect(isOpenToOthers(file)).toBe(false);
  chmodSync(file, 0o640);
  expect(isOpenToOthers(file)).toBe(true);
});
