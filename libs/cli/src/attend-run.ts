import { type Accepted, type MillraceClient, type RunResult } from '@millrace/client';
import { type CliContext, type CommonFlags } from './context.ts';
import { CommandError } from './exit-codes.ts';
import { interrupted } from './explain-error.ts';
import { exitCodeOf, followToEnd, outcomeLines } from './follow.ts';
import { makeReporter } from './report-run.ts';
import { type Screen } from './output/screen.ts';
import { switchFlag, textFlag } from './flags.ts';
import { parseDurationFlag } from './parse-duration-flag.ts';

/** How long, and how closely, a command stays with the run that it has started. */
export interface AttendFlags extends CommonFlags {
  readonly wait?: string;
  readonly follow?: boolean;
  readonly detach?: boolean;
}

export const ATTEND_FLAGS = {
  wait: textFlag('Longest time to wait for the end, such as 30s; then exit code 5, and the run goes on', 'time'),
  follow: switchFlag('Show what the run says and how far it is'),
  detach: switchFlag('Print the id of the run and do not wait'),
} as const;

/** Without `--follow` the run is only waited for. */
const waitForEnd = async (
  client: MillraceClient,
  runId: string,
  flags: AttendFlags,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<RunResult> => {
  const timeoutMs = flags.wait === undefined ? undefined : parseDurationFlag('--wait', flags.wait);
  if (flags.follow !== true) return client.wait(runId, { signal, ...(timeoutMs !== undefined && { timeoutMs }) });
  const report = makeReporter(screen, flags.json === true ? 'json' : 'text');
  if (timeoutMs === undefined) return followToEnd(client.events(runId, { signal }), report);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await followToEnd(client.events(runId, { signal: AbortSignal.any([signal, deadline]) }), report);
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    return client.wait(runId, { timeoutMs: 1 });
  }
};

/** For scripts: a text as it is, anything else as one line of JSON. */
const showBare = (output: unknown, screen: Screen): void => {
  if (typeof output === 'string') screen.raw(`${output}\n`);
  else if (output !== undefined) screen.json(output, 'one-line');
};

const showResult = (result: RunResult, flags: AttendFlags, screen: Screen): void => {
  if (flags.json === true) {
    screen.json(result, 'one-line');
    return;
  }
  if (flags.quiet === true) showBare(result.output, screen);
  else if (result.output !== undefined) screen.json(result.output);
  // A script that only looks at its own output shall still find out why there is none.
  const say = result.status === 'completed' ? screen.say : screen.complain;
  for (const line of outcomeLines(result, screen)) say(line);
};

/**
 * Stays with a run until it ends: its result is the data, and how it ended is the exit code.
 *
 * @throws CommandError `interrupted` after Ctrl-C, WaitTimeoutError when the time is up; both leave the run alone.
 */
export const attendRun = async (
  context: CliContext,
  client: MillraceClient,
  { run_id: runId, task_ref: workflow }: Accepted,
  flags: AttendFlags,
): Promise<void> => {
  const screen = context.screen(flags);
  const signal = context.interruption();
  if (flags.json !== true) screen.say(screen.paint('dim', `run ${runId} of ${workflow}`));
  try {
    const result = await waitForEnd(client, runId, flags, { screen, signal });
    showResult(result, flags, screen);
    context.endWith(exitCodeOf(result));
  } catch (error) {
    screen.status('');
    throw signal.aborted && !(error instanceof CommandError) ? interrupted(runId) : error;
  }
};
