import { type LogLine, type RunResult } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { interrupted } from '../explain-error.ts';
import { exitCodeOf, outcomeLines } from '../follow.ts';
import { type Screen } from '../output/screen.ts';

export interface LogsFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly timestamps?: boolean;
}

const show = (line: LogLine, flags: LogsFlags, screen: Screen): void => {
  const { attempt, stream, time, text } = line;
  if (flags.json === true) screen.json({ attempt, stream, time, text }, 'one-line');
  else {
    const whole = text.endsWith('\n') ? text : `${text}\n`;
    screen.raw(flags.timestamps === true ? whole.replaceAll(/^(?=.)/gm, `${time} `) : whole);
  }
};

/** Follows a run to its end; ends with the run's exit code, so that it is the way back to a run that was left. */
const followLogs = async (context: CliContext, flags: LogsFlags, runId: string): Promise<RunResult | undefined> => {
  const signal = context.interruption();
  const screen = context.screen(flags);
  try {
    for await (const { message } of context.client(flags).events(runId, { signal })) {
      if (message.type === 'log') show(message, flags, screen);
      if (message.type === 'complete') return message;
    }
    return undefined;
  } catch (error) {
    throw signal.aborted ? interrupted(runId) : error;
  }
};

export async function logs(this: CliContext, flags: LogsFlags, runId: string): Promise<void> {
  const screen = this.screen(flags);
  if (flags.follow !== true) {
    for await (const line of this.client(flags).logs(runId)) show(line, flags, screen);
    return;
  }
  const result = await followLogs(this, flags, runId);
  if (result === undefined) return;
  if (flags.json !== true) for (const line of outcomeLines(result, screen)) screen.say(line);
  this.endWith(exitCodeOf(result));
}
