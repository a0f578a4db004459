import { type CliContext, type CommonFlags } from '../context.ts';
import { safeLine } from '../output/safe-text.ts';

/** One line: why a run waits. */
export async function why(this: CliContext, flags: CommonFlags, runId: string): Promise<void> {
  const screen = this.screen(flags);
  const answer = await this.client(flags).why(runId);
  if (flags.json === true) screen.json(answer, 'one-line');
  else screen.data(safeLine(flags.quiet === true ? answer.reason : answer.line));
}
