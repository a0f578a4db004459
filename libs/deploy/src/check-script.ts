import { execFile } from 'node:child_process';
import { type Fault } from './fault.ts';
import { type WorkflowSource } from './scan-folder.ts';

/** Asks an interpreter whether it could read a file; it executes nothing of it. */
interface SyntaxCheck {
  readonly command: string;
  readonly args: (file: string) => readonly string[];
  readonly read: (output: string) => Omit<Fault, 'file'> | undefined;
}

const CHECK_TIMEOUT_MS = 5_000;
const OUTPUT_BYTES_MAX = 256 * 1024;

/** bash: `x.sh: line 3: syntax error …`; dash: `x.sh: 3: Syntax error: …`. */
const readShellError = (output: string): Omit<Fault, 'file'> | undefined => {
  const match = /^.*?: (?:line )?(\d+): (.+)$/m.exec(output);
  return match === null ? undefined : { line: Number(match[1]), reason: match[2] ?? 'syntax error' };
};

const shellCheck = (command: string): SyntaxCheck => ({ command, args: (file) => ['-n', file], read: readShellError });

const COMPILE_PYTHON = `
import json, sys
try:
    with open(sys.argv[1], 'rb') as f:
        compile(f.read(), sys.argv[1], 'exec')
except SyntaxError as e:
    print(json.dumps({'line': e.lineno, 'column': e.offset, 'reason': type(e).__name__ + ': ' + str(e.msg)}))
    sys.exit(1)
except ValueError as e:
    print(json.dumps({'reason': str(e)}))
    sys.exit(1)
`;

const readPythonError = (output: string): Omit<Fault, 'file'> | undefined => {
  const json = output.split('\n').find((line) => line.startsWith('{'));
  if (json === undefined) return undefined;
  const said = JSON.parse(json) as {
    readonly line?: number | null;
    readonly column?: number | null;
    readonly reason: string;
  };
  const line = said.line ?? 0;
  const column = said.column ?? 0;
  return { ...(line > 0 && { line }), ...(column > 0 && { column }), reason: said.reason };
};

const pythonCheck = (command: string): SyntaxCheck => ({
  command,
  args: (file) => ['-I', '-S', '-c', COMPILE_PYTHON, file],
  read: readPythonError,
});

/** `bash` of `#!/usr/bin/env -S bash -e`; `undefined` without a first line that names one. */
export const interpreterOf = (text: string): string | undefined => {
  const words =
    /^#!\s*(.*)$/m
      .exec(text.slice(0, text.indexOf('\n') + 1 || undefined))?.[1]
      ?.trim()
      .split(/\s+/) ?? [];
  const program = words[0]?.endsWith('/env') ? words.slice(1).find((word) => !word.startsWith('-')) : words[0];
  return program?.split('/').at(-1);
};

const checkOf = ({ language }: WorkflowSource, text: string): SyntaxCheck | undefined => {
  const interpreter = interpreterOf(text) ?? (language === 'shell' ? 'bash' : language === 'python' ? 'python3' : '');
  if (/^(ba|da|k|z)?sh$/.test(interpreter)) return shellCheck(interpreter);
  if (/^python(3(\.\d+)?)?$/.test(interpreter)) return pythonCheck(interpreter);
  return undefined;
};

/** Runs a check; an interpreter that is not there, or that fails without saying where, has no objection. */
const runCheck = (check: SyntaxCheck, file: string): Promise<Omit<Fault, 'file'> | undefined> =>
  new Promise((resolve) => {
    const options = {
      timeout: CHECK_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    };
    execFile(check.command, check.args(file), options, (error, stdout, stderr) => {
      resolve(error === null ? undefined : check.read(stdout + stderr));
    });
  });

/** What would keep a script from starting, found without executing it. */
export const checkScript = async (source: WorkflowSource, text: string): Promise<readonly Fault[]> => {
  const { file, absolute } = source;
  if (text.trim() === '') return [{ file, line: 1, reason: 'the file is empty' }];
  if (/^#![^\n]*\r\n/.test(text)) {
    return [
      {
        file,
        line: 1,
        reason: 'Windows line endings: the interpreter named after #! will not be found; save the file with LF',
      },
    ];
  }
  const check = checkOf(source, text);
  const fault = check === undefined ? undefined : await runCheck(check, absolute);
  return fault === undefined ? [] : [{ file, ...fault }];
};
