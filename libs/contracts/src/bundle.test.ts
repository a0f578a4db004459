import { describe, expect, test } from 'vitest';
import { decodeBundle, encodeBundle } from './bundle.ts';

const bundle = { file: 'db-full.sh', metadata: '{"timeout":"15m"}', bytes: Uint8Array.of(35, 33, 10, 0, 255) };
const encode = (): Uint8Array => encodeBundle(bundle) ?? new Uint8Array();

describe('bundle', () => {
  test('survives the round trip, bytes that are no text included', () => {
    expect(decodeBundle(encode())).toEqual(bundle);
  });

  test('begins with a line that names format and file', () => {
    expect(String.fromCharCode(...encode()).split('\n')[0]).toBe('millrace-bundle/1 db-full.sh {"timeout":"15m"}');
  });

  test.each(['../evil', 'a/b', '', '.bashrc', 'a b'])('refuses the file name %j', (file) => {
    expect(encodeBundle({ ...bundle, file })).toBeUndefined();
  });

  test('refuses metadata that would break the header line', () => {
    expect(encodeBundle({ ...bundle, metadata: '{}\n' })).toBeUndefined();
    expect(encodeBundle({ ...bundle, metadata: '{"a":"ü"}' })).toBeUndefined();
  });

  test.each(['', '\n', 'echo hello\n', 'millrace-bundle/2 a {}\n'])('does not take %j for a bundle', (text) => {
    expect(decodeBundle(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))).toBeUndefined();
  });
});
