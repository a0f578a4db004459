import { expect, test } from 'vitest';
import { wantsKey, withCredentials, withKeyInPath, withKeyInShell } from './key-placeholders.ts';

const KEY = 'a/key with $HOME & "quotes"';
const GIVEN = { key: KEY, token: 'mr_token' };

test.each(['$KESTRA_KEY', '$KEY', 'Bearer $AUTH_TOKEN', 'Bearer $API_KEY'])('%s wants a key', (text) => {
  expect(wantsKey(text)).toBe(true);
});

test.each(['Bearer $MILLRACE_TOKEN', '$KEYS', '/hooks/key', ''])('%j wants none', (text) => {
  expect(wantsKey(text)).toBe(false);
});

test('a key in an address is percent-encoded', () => {
  expect(withKeyInPath('/webhook/a/b/$KESTRA_KEY', GIVEN)).toBe(`/webhook/a/b/${encodeURIComponent(KEY)}`);
  expect(withKeyInPath('/webhook/a/b/$KESTRA_KEY', { ...GIVEN, key: undefined })).toBe('/webhook/a/b/$KESTRA_KEY');
});

test('a key and a token in a header are as they are', () => {
  expect(withCredentials('Bearer $API_KEY', GIVEN)).toBe(`Bearer ${KEY}`);
  expect(withCredentials('Bearer $MILLRACE_TOKEN', GIVEN)).toBe('Bearer mr_token');
});

test('a key in a line of a shell is nothing but text', () => {
  expect(withKeyInShell('"authorization: Bearer $KEY"', KEY, false)).toBe(
    '"authorization: Bearer a/key with \\$HOME & \\"quotes\\""',
  );
  expect(withKeyInShell('"http://x/$KEY"', '$(id)', true)).toBe('"http://x/%24(id)"');
});
