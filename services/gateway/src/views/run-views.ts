import {
  type DialectStatus,
  eventName,
  isTerminal,
  type RunDetail,
  type RunEventType,
  type RunResult,
  type RunView,
  type Status,
} from '@millrace/contracts';
import { type RunRow, type RunState, type RunSummary } from '@millrace/read-model';
import { type VisibleRun } from '../reading/reveal.ts';

const TERMINAL_STATES: ReadonlySet<RunState> = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

export const isOver = ({ state }: Pick<RunSummary, 'state'>): boolean => TERMINAL_STATES.has(state);

/** Only the members that have a value: JSON of ours says nothing about what is not there. */
const present = <Members extends Record<string, unknown>>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: Exclude<Members[Name], undefined>;
  };

const progressOf = ({ progress, progressMessage }: RunSummary): RunView['progress'] =>
  progress === undefined ? undefined : { percent: progress, ...present({ message: progressMessage }) };

const dialectStatusOf = (run: RunSummary): DialectStatus => {
  if (!isOver(run)) return 'running';
  return run.state === 'completed' ? 'completed' : 'failed';
};

/** A workflow has no exit code of its own; clients of the dialect read 0 as success. */
const dialectExitCodeOf = ({ exitCode, state }: RunSummary): number | undefined =>
  exitCode ?? (state === 'completed' ? 0 : undefined);

/** `/status` of the serve dialect with our own members beside it. */
export const toStatus = (run: RunRow): Status => ({
  run_id: run.id,
  status: dialectStatusOf(run),
  workflow: run.workflow,
  state: run.state,
  queued: run.requestedAt,
  attempt: run.attempt,
  ...present({
    not_before: run.notBefore,
    retry_at: run.retryAt,
    exit_code: dialectExitCodeOf(run),
    // A script or a workflow counts as one step once it has run.
    steps: isOver(run) && run.startedAt !== undefined ? 1 : undefined,
    started: run.startedAt,
    ended: run.endedAt,
    error: run.error?.message,
    progress: progressOf(run),
    output: run.output,
    trace_id: run.traceId,
  }),
});

export const toRunView = (run: RunSummary): RunView => ({
  run_id: run.id,
  workflow: run.workflow,
  version: run.version,
  status: run.state,
  attempt: run.attempt,
  queued_at: run.requestedAt,
  requested_by: run.requestedBy,
  dialect: run.dialect,
  ...present({
    not_before: run.notBefore,
    retry_at: run.retryAt,
    started_at: run.startedAt,
    ended_at: run.endedAt,
    exit_code: run.exitCode,
    progress: progressOf(run),
    error: run.error,
    rerun_of: run.rerunOf,
    trace_id: run.traceId,
  }),
});

export const toRunDetail = (run: VisibleRun): RunDetail => ({
  ...toRunView(run),
  input: run.input,
  ...present({ output: run.output, deleted: run.isDeleted === true ? true : undefined }),
});

const codeOf = (state: RunState): string | undefined => (state === 'completed' ? undefined : `run.${state}`);

/** The result of a run that is over. */
export const resultOfRun = (run: RunRow): RunResult => ({
  run_id: run.id,
  status: run.state,
  ...present({
    output: run.output,
    exit_code: run.exitCode,
    error: run.error,
    code: codeOf(run.state),
    trace_id: run.traceId,
  }),
});

/** A run event, wherever it was read. */
export interface EventLike {
  readonly runId: string;
  readonly traceId: string | undefined;
  readonly type: string;
  readonly data: unknown;
}

/** The result in a terminal event; `undefined` for any other event. */
export const resultOfEvent = ({ runId, traceId, type, data }: EventLike): RunResult | undefined => {
  if (!isTerminal(type as RunEventType)) return undefined;
  const state = eventName(type as RunEventType) as RunState;
  const { output, exitCode, error } = data as Partial<Pick<RunRow, 'output' | 'exitCode' | 'error'>>;
  return {
    run_id: runId,
    status: state,
    ...present({ output, exit_code: exitCode, error, code: codeOf(state), trace_id: traceId }),
  };
};
