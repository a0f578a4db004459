import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { OUTPUT_BYTES_MAX } from '../attempts/execution.ts';
import { resultOf } from './script-result.ts';
import { type ScriptEnded } from './spawner-protocol.ts';

type Outcome = Pick<ScriptEnded, 'result' | 'problem'>;

const invalid = (reason: string): Outcome => ({
  problem: { code: 'output_invalid', message: `$MILLRACE_OUTPUT ${reason}` },
});

/** A link is not followed, whatever it points to; a pipe without a writer is not waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** What the open file holds, or why it is no result. */
const readOutput = (file: number): { readonly text: string } | Outcome => {
  // Asked of the open file and not of its name, which a process that is left over may give to another.
  const stat = fstatSync(file);
  if (!stat.isFile()) return invalid('is no regular file');
  if (stat.size > OUTPUT_BYTES_MAX) {
    const message = `$MILLRACE_OUTPUT holds ${stat.size} bytes; at most ${OUTPUT_BYTES_MAX} are taken`;
    return { problem: { code: 'output_too_large', message } };
  }
  return { text: readFileSync(file, 'utf8') };
};

const loadOutput = (path: string): { readonly text: string | undefined } | Outcome => {
  let file: number;
  try {
    file = openSync(path, FLAGS);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: undefined };
    return invalid(codeOf(error) === 'ELOOP' ? 'is a symbolic link' : `cannot be read: ${String(error)}`);
  }
  try {
    return readOutput(file);
  } catch (error) {
    return invalid(`cannot be read: ${String(error)}`);
  } finally {
    closeSync(file);
  }
};

/** The result of a script that ended, or why what it left behind is none. Never throws. */
export const loadResult = (outputPath: string, lastLine: string): Outcome => {
  const loaded = loadOutput(outputPath);
  if (!('text' in loaded)) return loaded;
  const result = resultOf(loaded.text, lastLine);
  if (result.kind === 'invalid') return invalid(`is no JSON: ${result.reason}`);
  return result.kind === 'value' ? { result: result.value } : {};
};
