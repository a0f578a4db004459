/**
 * Scripts of Windmill: a function `main` whose arguments are members of the input, by their names, and which nobody calls. What calls
 * it is written behind the source, so that the lines of the author stay where they are. A file that calls its `main` is left alone.
 */

const CALLED = /\bmain\s*\(/g;

/** Whether the definition is the only place where `main(` stands. */
const isNeverCalled = (text: string): boolean => (text.match(CALLED) ?? []).length === 1;

const PYTHON_MAIN = /^(?:async )?def main\s*\(/m;

const CALL_PYTHON = `

if __name__ == "__main__":
    def __millrace_main():
        import asyncio, inspect, json, os
        with open(os.environ["MILLRACE_INPUT"], encoding="utf-8") as file:
            given = json.load(file)
        given = given if isinstance(given, dict) else {}
        parameters = inspect.signature(main).parameters
        takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        result = main(**{name: value for name, value in given.items() if takes_all or name in parameters})
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        with open(os.environ["MILLRACE_OUTPUT"], "w", encoding="utf-8") as file:
            json.dump(result, file, default=str)
    __millrace_main()
`;

/** A script in Python, with a call of its `main` where it has one that it does not call. */
export const withPythonMain = (text: string): string =>
  PYTHON_MAIN.test(text) && isNeverCalled(text) && !text.includes('__main__') ? text + CALL_PYTHON : text;

const MODULE_MAIN = /^export\s+(?:async\s+)?function\s+main\s*[(<]/m;
const DEFAULT_EXPORT = /^export\s+default\b|\bas\s+default\b/m;

/** Whether a module has a `main` that it exports, beside no default export, and does not call. */
export const hasModuleMain = (text: string): boolean =>
  MODULE_MAIN.test(text) && !DEFAULT_EXPORT.test(text) && (text.match(/\bmain\s*[(<]/g) ?? []).length === 1;

const OPENING = '([{';
const CLOSING = ')]}';
const QUOTES = '"\'`';

/** Index behind a text in quotes that begins here. */
const behindText = (code: string, from: number): number => {
  const quote = code[from];
  let at = from + 1;
  while (at < code.length && code[at] !== quote) at += code[at] === '\\' ? 2 : 1;
  return at;
};

const depthBehind = (depth: number, sign: string): number =>
  depth + Number(OPENING.includes(sign)) - Number(CLOSING.includes(sign));

/** The parts of a list in brackets, at its commas; `from` is behind the opening one. */
const partsOf = (code: string, from: number): readonly string[] => {
  const parts: string[] = [];
  let start = from;
  let depth = 1;
  for (let at = from; at < code.length && depth > 0; at += 1) {
    const sign = code[at] ?? '';
    if (QUOTES.includes(sign)) at = behindText(code, at);
    depth = depthBehind(depth, sign);
    if (depth > 1 || (depth === 1 && sign !== ',')) continue;
    parts.push(code.slice(start, at).trim());
    start = at + 1;
  }
  return parts.filter((part) => part !== '');
};

/**
 * Names of the parameters of `main`; `undefined` when one of them is no name.
 *
 * @param code JavaScript, without types.
 */
export const parametersOfMain = (code: string): readonly string[] | undefined => {
  const found = /\bfunction\s+main\s*\(/.exec(code);
  if (found === null) return undefined;
  const names = partsOf(code, found.index + found[0].length).map(
    (part) => /^([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:=|$)/u.exec(part)?.[1],
  );
  return names.every((name) => name !== undefined) ? names : undefined;
};

/** What makes a workflow of a module whose `main` has these parameters. */
export const callOfMain = (parameters: readonly string[]): string => `
import { defineWorkflow as $defineWorkflow } from '@millrace/sdk';
export default $defineWorkflow({}, ({ input: $input }) => {
  const $given = Object($input);
  return main(...${JSON.stringify(parameters)}.map(($name) => (Object.hasOwn($given, $name) ? $given[$name] : undefined)));
});
`;
