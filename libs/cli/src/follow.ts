import { type FollowedMessage, resultOf, type RunMessage, type RunResult } from '@millrace/client';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { safeLine } from './output/safe-text.ts';
import { type Screen } from './output/screen.ts';

export const exitCodeOf = ({ status }: Pick<RunResult, 'status'>): ExitCode =>
  status === 'completed' ? EXIT.ok : EXIT.failed;

/** `✓ backup/db-full completed` or `✗ … failed: why`, with what to do next. */
export const outcomeLines = ({ run_id, status, error, exit_code }: RunResult, screen: Screen): readonly string[] => {
  if (status === 'completed') return [screen.paint('green', `✓ run ${run_id} completed`)];
  const why =
    error === undefined ? (exit_code === undefined ? '' : `: exit code ${exit_code}`) : `: ${safeLine(error.message)}`;
  return [
    screen.paint('red', `✗ run ${run_id} ${status.replace('_', ' ')}${why}`),
    `  what it wrote: millrace logs ${run_id}`,
  ];
};

/** Follows a run to its end and reports what it says on the way. */
export const followToEnd = async (
  events: AsyncIterable<FollowedMessage>,
  report: (message: RunMessage) => void,
): Promise<RunResult> => {
  for await (const { message } of events) {
    report(message);
    if (message.type === 'complete') return resultOf(message);
  }
  throw new Error('the events of the run ended before the run did');
};
