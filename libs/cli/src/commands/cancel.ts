import { type CliContext, type CommonFlags } from '../context.ts';

export interface CancelFlags extends CommonFlags {
  readonly reason?: string;
}

export async function cancel(this: CliContext, flags: CancelFlags, runId: string): Promise<void> {
  const screen = this.screen(flags);
  await this.client(flags).cancel(runId, flags.reason === undefined ? {} : { reason: flags.reason });
  if (flags.json === true) screen.json({ run_id: runId, status: 'cancelling' }, 'one-line');
  else screen.say(`run ${runId} is being cancelled; see how it ends: millrace status ${runId}`);
}
