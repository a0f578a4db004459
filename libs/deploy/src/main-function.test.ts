import { describe, expect, test } from 'vitest';
import {
  callOfMain,
  hasModuleMain,
  hasModulePreprocessor,
  hasPythonPreprocessor,
  parametersOfMain,
  withPythonMain,
} from './main-function.ts';

describe('a module', () => {
  test.each<[string, boolean]>([
    ['export async function main(body: any) {}', true],
    ['import x from "x";\nexport function main(a: string, b = x) {\n  return a + b;\n}\n', true],
    ['export function main<T>(body: T) {}', true],
    ['function main(body) {}', false],
    ['export function main(body) {}\nmain(1);', false],
    ['export function main(n) { return n && main(n - 1); }', false],
    ['export function main(body) {}\nexport default 1;', false],
    ['export function main(body) {}\nexport { main as default };', false],
    ['export const other = 1;', false],
  ])('%j has a main that nobody calls: %s', (text, expected) => {
    expect(hasModuleMain(text)).toBe(expected);
  });

  test.each<[string, readonly string[] | undefined]>([
    ['export function main() {}', []],
    ['export async function main(body) { return (1, 2); }', ['body']],
    ['function main(a, b = 2, $c, größe) {}', ['a', 'b', '$c', 'größe']],
    ['function main(a = f(1, 2), b = [1, (2, 3)], c = { d: 1, e: ")" }, f = `,`) {}', ['a', 'b', 'c', 'f']],
    ['function main(a = "\\",", b) {}', ['a', 'b']],
    ['function main({ a, b }) {}', undefined],
    ['function main(a, ...rest) {}', undefined],
    ['const main = 1;', undefined],
  ])('%s takes %j', (code, expected) => {
    expect(parametersOfMain(code)).toEqual(expected);
  });
});

test.each<[string, boolean]>([
  ['def main(body):\n    print(body)\n', true],
  ['import os\n\nasync def main(a, b=1):\n    return a', true],
  ['def main(body):\n    pass\n\nmain(1)\n', false],
  ['def main():\n    pass\n\nif __name__ == "__main__":\n    main()\n', false],
  ['class A:\n    def main(self):\n        pass\n', false],
  ['print(1)\n', false],
])('in Python %j gets a call: %s', (text, expected) => {
  const called = withPythonMain(text);
  expect(called.startsWith(text)).toBe(true);
  expect(called !== text).toBe(expected);
});

describe('a preprocessor', () => {
  test.each<[string, boolean]>([
    ['export async function preprocessor(event: { body: any }) {}', true],
    ['export function preprocessor(\n  event: any,\n) {}', true],
    ['export function preprocessor(event) {}', true],
    ['function preprocessor(event) {}', false],
    ['export function preprocessor(wm_trigger, body) {}', false],
    ['export function preprocessors(event) {}', false],
    ['export function preprocessor() {}', false],
  ])('of a module: %j: %s', (text, expected) => {
    expect(hasModulePreprocessor(text)).toBe(expected);
  });

  const MAIN = '\ndef main(a):\n    return a\n';
  test.each<[string, boolean]>([
    [`def preprocessor(event: dict):\n    return {}\n${MAIN}`, true],
    [`async def preprocessor(event):\n    return {}\n${MAIN}`, true],
    [`def preprocessor(event):\n    return {}\n${MAIN}main(1)\n`, false],
    ['def preprocessor(event):\n    return {}\n', false],
    [`def preprocessor(wm_trigger, body):\n    return {}\n${MAIN}`, false],
    [`class A:\n    def preprocessor(event):\n        pass\n${MAIN}`, false],
    [MAIN, false],
  ])('in Python: %j: %s', (text, expected) => {
    expect(hasPythonPreprocessor(text)).toBe(expected);
    expect(withPythonMain(text).includes('given = preprocessor(')).toBe(expected);
  });

  test('is called where the input is marked as an event, and not named where there is none', () => {
    expect(callOfMain(['a'], true)).toContain('if (Object($input).$preprocess !== true) return $input;');
    expect(callOfMain(['a'])).not.toContain('preprocess');
    expect(callOfMain(['a'], false)).toBe(callOfMain(['a']));
  });
});
