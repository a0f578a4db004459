import { type CliContext } from './context.ts';

/** Whoever presses Tab waits no longer. */
const PROPOSE_TIMEOUT_MS = 800;

const within = <Value>(promise: Promise<readonly Value[]>): Promise<readonly Value[]> => promise.catch(() => []);

/** Paths that begin like what was typed; nothing when no server answers in time. */
export function proposeWorkflows(this: CliContext, partial: string): Promise<readonly string[]> {
  return within(
    (async () => {
      const workflows = await this.client({}).workflows({ signal: AbortSignal.timeout(PROPOSE_TIMEOUT_MS) });
      return workflows.map(({ path }) => path).filter((path) => path.startsWith(partial));
    })(),
  );
}

/** Ids of the latest runs that begin like what was typed. */
export function proposeRuns(this: CliContext, partial: string): Promise<readonly string[]> {
  return within(
    (async () => {
      const { runs } = await this.client({}).runs({ signal: AbortSignal.timeout(PROPOSE_TIMEOUT_MS) });
      return runs.map(({ run_id }) => run_id).filter((id) => id.startsWith(partial));
    })(),
  );
}
