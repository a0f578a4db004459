import { type MillraceClient, NotFoundError } from '@millrace/client';
import { suggest } from '@millrace/kernel';
import { attendRun, type AttendFlags } from '../attend-run.ts';
import { type CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { parseData, parseEnvironment } from '../parse-pairs.ts';

export interface RunFlags extends AttendFlags {
  readonly data?: readonly string[];
  readonly env?: readonly string[];
  readonly idempotencyKey?: string;
  readonly notBefore?: string;
  readonly priority?: number;
}

/** A path with a typing error is answered with the one that was probably meant. */
const unknownWorkflow = async (client: MillraceClient, path: string, error: NotFoundError): Promise<CommandError> => {
  const paths = await client.workflows().then(
    (workflows) => workflows.map((workflow) => workflow.path),
    () => [],
  );
  const meant = suggest(path, paths);
  const hint = meant === undefined ? 'see what there is: millrace tasks' : `did you mean ${meant}?`;
  return new CommandError(EXIT.notFound, error.message, hint).causedBy(error);
};

export async function run(this: CliContext, flags: RunFlags, workflow: string): Promise<void> {
  const client = this.client(flags);
  const input = parseData(flags.data ?? []);
  const env = parseEnvironment(flags.env ?? []);
  const screen = this.screen(flags);
  const signal = this.interruption();
  const accepted = await client
    .start(workflow, {
      input,
      signal,
      ...(flags.env !== undefined && { env }),
      ...(flags.idempotencyKey !== undefined && { idempotencyKey: flags.idempotencyKey }),
      ...(flags.priority !== undefined && { priority: flags.priority }),
      ...(flags.notBefore !== undefined && { notBefore: flags.notBefore }),
    })
    .catch(async (error: unknown) => {
      if (signal.aborted) throw new CommandError(EXIT.interrupted, 'interrupted before the run was recorded, perhaps');
      throw error instanceof NotFoundError ? await unknownWorkflow(client, workflow, error) : error;
    });
  if (flags.detach === true) {
    if (flags.json === true) screen.json(accepted, 'one-line');
    else screen.data(accepted.run_id);
    return;
  }
  await attendRun(this, client, accepted, flags);
}
