import { describe, expect, test } from 'vitest';
import { hasModuleMain, parametersOfMain, withPythonMain } from './main-function.ts';

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
