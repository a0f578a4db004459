import { type MillraceClient, resultOf, type RunMessage, type RunResult } from '@millrace/client';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { durationText } from './output/duration-text.ts';
import { progressBar } from './output/progress-bar.ts';
import { safeLine, safeText } from './output/safe-text.ts';
import { type Screen } from './output/screen.ts';

const STATE_WORDS: Readonly<Record<string, string>> = {
  waiting: 'queued',
  dispatched: 'assigned',
  running: 'started',
  cancel_requested: 'cancelling',
  attempt_failed: 'attempt failed',
  attempt_lost: 'attempt lost with its executor',
};

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

/** Shows a live run beside the data: what it says, how far it is. */
const makeReporter = (screen: Screen): ((message: RunMessage) => void) => {
  const startedMs = performance.now();
  let bar = '';
  const line = (text: string): void => {
    screen.say(text);
    screen.status(bar);
  };
  return (message) => {
    switch (message.type) {
      case 'progress': {
        bar = progressBar(message, screen);
        if (screen.isWatched) screen.status(bar);
        else screen.say(`progress ${Math.round(message.percent)} % ${safeLine(message.message ?? '')}`.trimEnd());
        return;
      }
      case 'log':
        line(safeText(message.text.replace(/\n$/, '')));
        return;
      case 'state': {
        const word = STATE_WORDS[message.state] ?? message.state;
        const attempt = message.attempt > 1 ? ` (attempt ${message.attempt})` : '';
        line(screen.paint('dim', `${safeLine(word)}${attempt} +${durationText(performance.now() - startedMs)}`));
        return;
      }
      case 'complete':
        bar = '';
        screen.status('');
    }
  };
};

/** Follows a run to its end and shows what it says on the way. */
export const followToEnd = async (
  client: MillraceClient,
  runId: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<RunResult> => {
  const report = makeReporter(screen);
  for await (const { message } of client.events(runId, { signal })) {
    report(message);
    if (message.type === 'complete') return resultOf(message);
  }
  throw new Error(`the events of run ${runId} ended before the run did`);
};
