import { expect, test } from 'vitest';
import { inShell, wantsKey, withCredentials, withKeyInPath } from './key-placeholders.ts';

const KEY = 'a/key with $HOME & "quotes"';
const GIVEN = { key: KEY, token: 'mr_token' };

test.each(['/hooks/key/$MILLRACE_KEY/a', '$MILLRACE_KEY', 'Bearer $MILLRACE_KEY'])('%s wants a key', (text) => {
  expect(wantsKey(text)).toBe(true);
});

test.each(['Bearer $MILLRACE_TOKEN', '$MILLRACE_KEY_2', '/hooks/key', ''])('%j wants none', (text) => {
  expect(wantsKey(text)).toBe(false);
});

test('a key in an address is percent-encoded', () => {
  expect(withKeyInPath('/webhook/a/b/$MILLRACE_KEY', GIVEN)).toBe(`/webhook/a/b/${encodeURIComponent(KEY)}`);
  expect(withKeyInPath('/webhook/a/b/$MILLRACE_KEY', { ...GIVEN, key: undefined })).toBe('/webhook/a/b/$MILLRACE_KEY');
});

test('a key and a token in a header are as they are', () => {
  expect(withCredentials('Bearer $MILLRACE_KEY', GIVEN)).toBe(`Bearer ${KEY}`);
  expect(withCredentials('Bearer $MILLRACE_TOKEN', GIVEN)).toBe('Bearer mr_token');
});

test('a key in a line of a shell is nothing but text', () => {
  expect(inShell('authorization: Bearer $MILLRACE_KEY', KEY, false)).toBe(
    '"authorization: Bearer a/key with \\$HOME & \\"quotes\\""',
  );
  expect(inShell('http://x/$MILLRACE_KEY', '$(id)', true)).toBe('"http://x/%24(id)"');
});

test('a shell puts in the two variables and nothing else', () => {
  expect(inShell('http://x/$(id)/$HOME/$MILLRACE_KEY', undefined, true)).toBe(
    '"http://x/\\$(id)/\\$HOME/$MILLRACE_KEY"',
  );
  expect(inShell('authorization: Bearer $MILLRACE_TOKEN', KEY, false)).toBe('"authorization: Bearer $MILLRACE_TOKEN"');
});
