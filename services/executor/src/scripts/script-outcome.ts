import { type Outcome } from '../attempts/execution.ts';
import { type ScriptEnded, type StartFailed } from './spawner-protocol.ts';

const failureOf = ({
  exitCode,
  signal,
  problem,
  complaint,
}: ScriptEnded): Extract<Outcome, { kind: 'failed' }>['error'] => {
  if (exitCode === 0 && problem !== undefined) return problem;
  const why = complaint === undefined ? '' : `: ${complaint}`;
  if (exitCode !== undefined) return { code: 'exit_code', message: `exit code ${exitCode}${why}` };
  return { code: 'signal', message: `ended by ${signal ?? 'a signal'}${why}` };
};

/** Exit code 0 with a usable result, or none, is success; a result of a script that failed is kept. */
export const outcomeOf = (ended: ScriptEnded): Outcome => {
  const { exitCode, signal, result, problem } = ended;
  const output = result === undefined ? {} : { output: result };
  if (exitCode === 0 && problem === undefined) return { kind: 'completed', exitCode, ...output };
  return {
    kind: 'failed',
    error: failureOf(ended),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...output,
  };
};

/** A script that never began. */
export const outcomeOfFailedStart = ({ message, isHindered }: StartFailed): Outcome =>
  isHindered
    ? { kind: 'lost', reason: `it could not begin: ${message}`, counted: false, isHindered }
    : { kind: 'failed', error: { code: 'start_failed', message } };
