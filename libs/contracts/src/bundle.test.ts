import { describe, expect, test } from 'vitest';
import { decodeBundle, encodeBundle } from './bundle.ts';

const bytes = Uint8Array.of(35, 33, 10, 0, 255);
const textOf = (object: Uint8Array): string => String.fromCharCode(...object);

describe('bundle', () => {
  test('survives the round trip, bytes that are no text included', () => {
    expect(decodeBundle(encodeBundle({ file: 'db-full.sh' }, bytes))).toEqual({
      file: 'db-full.sh',
      secrets: [],
      bytes,
    });
  });

  test('names the secrets that its metadata declares', () => {
    expect(decodeBundle(encodeBundle({ file: 'a.sh', ...{ secrets: ['B', 'A'] } }, bytes))?.secrets).toEqual([
      'B',
      'A',
    ]);
    expect(decodeBundle(encodeBundle({ file: 'a.sh', ...{ secrets: 'A' } }, bytes))?.secrets).toEqual([]);
  });

  test('is the same for the same metadata in another order', () => {
    const one = encodeBundle({ file: 'a.sh', ...{ policy: { b: 1, a: [2, 1] } } }, bytes);
    expect(encodeBundle({ ...{ policy: { a: [2, 1], b: 1 } }, file: 'a.sh' }, bytes)).toEqual(one);
    expect(textOf(one).split('\0')[0]).toBe('{"file":"a.sh","policy":{"a":[2,1],"b":1}}');
  });

  test('keeps its header ASCII', () => {
    const object = encodeBundle({ file: 'a.sh', ...{ description: 'Größe\0' } }, bytes);
    expect(textOf(object).split('\0')[0]).toBe('{"description":"Gr\\u00f6\\u00dfe\\u0000","file":"a.sh"}');
    expect(decodeBundle(object)?.file).toBe('a.sh');
  });

  test.each(['../evil', 'a/b', '', '.bashrc', 'a b'])('is none with the file name %j', (file) => {
    expect(decodeBundle(encodeBundle({ file }, bytes))).toBeUndefined();
  });

  test.each(['', '\0', 'echo hello\n', '{"file":1}\0', 'null\0', '{"file":"a"}'])('%j is none', (text) => {
    expect(decodeBundle(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))).toBeUndefined();
  });
});
