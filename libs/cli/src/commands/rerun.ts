import { attendRun, type AttendFlags } from '../attend-run.ts';
import { type CliContext } from '../context.ts';

export interface RerunFlags extends AttendFlags {
  readonly version?: 'latest' | 'same';
}

export async function rerun(this: CliContext, flags: RerunFlags, runId: string): Promise<void> {
  const client = this.client(flags);
  const screen = this.screen(flags);
  const accepted = await client.rerun(runId, flags.version === undefined ? {} : { version: flags.version });
  if (flags.detach === true) {
    if (flags.json === true) screen.json(accepted, 'one-line');
    else screen.data(accepted.run_id);
    return;
  }
  await attendRun(this, client, accepted, flags);
}
