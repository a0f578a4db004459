import { ERROR_MESSAGE_BYTES_MAX, ERROR_STACK_BYTES_MAX, RESULT_BYTES_MAX, type RunError } from '@millrace/contracts';
import { cutToWritten, writtenBytes } from '../written-size.ts';
import { type Outcome } from './execution.ts';

const boundError = ({ code, message, stack }: RunError): RunError => ({
  code,
  message: cutToWritten(message, ERROR_MESSAGE_BYTES_MAX),
  ...(stack === undefined ? {} : { stack: cutToWritten(stack, ERROR_STACK_BYTES_MAX) }),
});

const tooLarge = (bytes: number): RunError => ({
  code: 'output_too_large',
  message: `the result has ${bytes} bytes as JSON; at most ${RESULT_BYTES_MAX} are kept`,
});

const exitOf = ({ exitCode }: { readonly exitCode?: number }): { readonly exitCode?: number } =>
  exitCode === undefined ? {} : { exitCode };

/**
 * What becomes of an outcome within the limits of what an attempt may write. A result that is too large fails its run; of an attempt that
 * failed anyway it is left out. It is measured last: numbers are written longer than they came, and so is what stands for a secret.
 */
export const boundOutcome = (outcome: Outcome): Outcome => {
  if (outcome.kind === 'lost') return { ...outcome, reason: cutToWritten(outcome.reason, ERROR_MESSAGE_BYTES_MAX) };
  const { output, ...rest } = outcome;
  const bytes = output === undefined ? 0 : writtenBytes(output);
  const kept = output === undefined || bytes > RESULT_BYTES_MAX ? {} : { output };
  if (rest.kind === 'failed') return { ...rest, ...kept, error: boundError(rest.error) };
  if (bytes > RESULT_BYTES_MAX) return { kind: 'failed', error: tooLarge(bytes), ...exitOf(rest) };
  return { ...rest, ...kept };
};
