import { readFileSync, statSync } from 'node:fs';
import { RESULT_BYTES_MAX } from './script-output.ts';
import { resultOf } from './script-result.ts';
import { type ScriptEnded } from './spawner-protocol.ts';

type Outcome = Pick<ScriptEnded, 'result' | 'problem'>;

const invalid = (reason: string): Outcome => ({
  problem: { code: 'output_invalid', message: `$MILLRACE_OUTPUT ${reason}` },
});

/** The result of a script that ended, or why what it left behind is none. Never throws. */
export const loadResult = (outputPath: string, lastLine: string): Outcome => {
  let text: string | undefined;
  try {
    const stat = statSync(outputPath, { throwIfNoEntry: false });
    if (stat?.isFile() === false) return invalid('is no regular file');
    if (stat !== undefined && stat.size > RESULT_BYTES_MAX) {
      const message = `$MILLRACE_OUTPUT holds ${stat.size} bytes; at most ${RESULT_BYTES_MAX} are taken`;
      return { problem: { code: 'output_too_large', message } };
    }
    if (stat !== undefined) text = readFileSync(outputPath, 'utf8');
  } catch (error) {
    return invalid(`cannot be read: ${String(error)}`);
  }
  const result = resultOf(text, lastLine);
  if (result.kind === 'invalid') return invalid(`is no JSON: ${result.reason}`);
  return result.kind === 'value' ? { result: result.value } : {};
};
