import { PREPROCESS } from '@millrace/contracts';

/**
 * Scripts of Windmill: a function `main` whose arguments are members of the input, by their names, and which nobody calls. What calls
 * it is written behind the source, so that the lines of the author stay where they are. A file that calls its `main` is left alone.
 * A function `preprocessor(event)` beside it makes the arguments, where the input says that it is an event.
 */

const CALLED = /\bmain\s*\(/g;

/** Whether the definition is the only place where `main(` stands. */
const isNeverCalled = (text: string): boolean => (text.match(CALLED) ?? []).length === 1;

const PYTHON_MAIN = /^(?:async )?def main\s*\(/m;

const PYTHON_PREPROCESSOR = /^(?:async )?def preprocessor\s*\(\s*event\s*[,:=)]/m;

const PREPROCESS_PYTHON = `
        if given.get("${PREPROCESS}") is True:
            given = preprocessor(given.get("event"))
            if inspect.iscoroutine(given):
                given = asyncio.run(given)
            if not isinstance(given, dict):
                raise TypeError("preprocessor must return a dict")`;

const callPython = (preprocesses: boolean): string => `

if __name__ == "__main__":
    def __millrace_main():
        import asyncio, inspect, json, os
        with open(os.environ["MILLRACE_INPUT"], encoding="utf-8") as file:
            given = json.load(file)
        given = given if isinstance(given, dict) else {}${preprocesses ? PREPROCESS_PYTHON : ''}
        parameters = inspect.signature(main).parameters
        takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
        result = main(**{name: value for name, value in given.items() if takes_all or name in parameters})
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        with open(os.environ["MILLRACE_OUTPUT"], "w", encoding="utf-8") as file:
            json.dump(result, file, default=str)
    __millrace_main()
`;

const hasPythonMain = (text: string): boolean =>
  PYTHON_MAIN.test(text) && isNeverCalled(text) && !text.includes('__main__');

/** Whether the call of its `main` that a script in Python gets is one of its `preprocessor`, too. */
export const hasPythonPreprocessor = (text: string): boolean => hasPythonMain(text) && PYTHON_PREPROCESSOR.test(text);

/** A script in Python, with a call of its `main` where it has one that it does not call. */
export const withPythonMain = (text: string): string =>
  hasPythonMain(text) ? text + callPython(hasPythonPreprocessor(text)) : text;

const MODULE_MAIN = /^export\s+(?:async\s+)?function\s+main\s*[(<]/m;
const DEFAULT_EXPORT = /^export\s+default\b|\bas\s+default\b/m;

/** Whether a module has a `main` that it exports, beside no default export, and does not call. */
export const hasModuleMain = (text: string): boolean =>
  MODULE_MAIN.test(text) && !DEFAULT_EXPORT.test(text) && (text.match(/\bmain\s*[(<]/g) ?? []).length === 1;

const MODULE_PREPROCESSOR = /^export\s+(?:async\s+)?function\s+preprocessor\s*\(\s*event\s*[?,:=)]/m;

/** Whether a module has a `preprocessor` of an event that it exports; without a `main` that means nothing. */
export const hasModulePreprocessor = (text: string): boolean => MODULE_PREPROCESSOR.test(text);

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

const PREPROCESS_MODULE = `
const $argumentsOf = async ($input) => {
  if (Object($input).${PREPROCESS} !== true) return $input;
  const $made = await preprocessor($input.event);
  if (Object($made) !== $made || Array.isArray($made)) throw new TypeError('preprocessor must return an object');
  return $made;
};`;

/** What makes a workflow of a module whose `main` has these parameters. */
export const callOfMain = (parameters: readonly string[], preprocesses = false): string => `
import { defineWorkflow as $defineWorkflow } from '@millrace/sdk';${preprocesses ? PREPROCESS_MODULE : ''}
export default $defineWorkflow({}, ${preprocesses ? 'async ' : ''}({ input: $input }) => {
  const $given = Object(${preprocesses ? 'await $argumentsOf($input)' : '$input'});
  return main(...${JSON.stringify(parameters)}.map(($name) => (Object.hasOwn($given, $name) ? $given[$name] : undefined)));
});
`;
