/** A run as server-sent events: only `data:` lines, each a JSON object with `type`. */
import { type LiveMessage } from '@millrace/contracts';
import { type Frame } from '../../answer.ts';
import { type RunStream } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { type RecordedRun } from '../../run-snapshot.ts';
import { CORS } from './errors.ts';
import { resultOf } from './job-result.ts';
import { jobView } from './job-view.ts';
import { isTrue } from './query-options.ts';

type Complete = Extract<LiveMessage, { readonly type: 'complete' }>;

const PING_MS = 15_000;

export const frameOf = (type: string, members: Readonly<Record<string, unknown>> = {}): Frame => ({
  data: JSON.stringify({ type, ...members }),
});

const update = (members: Readonly<Record<string, unknown>>): readonly Frame[] => [frameOf('update', members)];

export const offsetOf = (request: InboundRequest): number => {
  const offset = Number(request.query('log_offset') ?? 0);
  return Number.isInteger(offset) && offset > 0 ? offset : 0;
};

/** The job as it is at the end of the stream: what was told, put together. */
const endedJob = (run: RecordedRun, end: Complete, startedAt: string | undefined) =>
  jobView(
    {
      id: run.runId,
      workspace: run.workspace,
      workflow: run.workflow,
      version: run.version,
      state: end.status,
      attempt: end.attempt,
      requestedBy: '',
      requestedAt: run.requestedAt,
      startedAt,
      endedAt: end.time,
      progress: undefined,
      progressMessage: undefined,
      input: run.input,
      output: end.output,
      error: end.error,
      exitCode: end.exit_code,
      traceId: end.trace_id,
    },
    undefined,
  );

/** Counts the characters of the logs, so that a client that comes again says how many it has. */
const makeTeller: NonNullable<RunStream['teller']> = (run, request) => {
  const hasAlready = offsetOf(request);
  const wantsLogs = !isTrue(request.query('no_logs'));
  const onlyResult = isTrue(request.query('only_result'));
  let told = 0;
  let startedAt: string | undefined;

  const tellLog = (text: string): readonly Frame[] => {
    const known = Math.max(0, Math.min(text.length, hasAlready - told));
    told += text.length;
    const fresh = text.slice(known);
    return fresh === '' || !wantsLogs ? [] : update({ new_logs: fresh, log_offset: told });
  };

  const tellEnd = (end: Complete): readonly Frame[] => {
    const result = resultOf({ state: end.status, output: end.output, error: end.error });
    const job = onlyResult ? {} : { job: endedJob(run, end, startedAt) };
    return update({ running: false, completed: true, log_offset: told, only_result: result, ...job });
  };

  return (message) => {
    if (message.type === 'log') return tellLog(message.text);
    if (message.type === 'complete') return tellEnd(message);
    if (message.type === 'progress') return update({ progress: Math.floor(message.percent) });
    if (message.type !== 'state' || message.state !== 'running') return [];
    startedAt = message.time;
    return update({ running: true, log_offset: told });
  };
};

/** @param limitSeconds The stream ends after this time; clients come again. */
export const makeJobStream = (limitSeconds: number): RunStream => ({
  headers: CORS,
  open: () => update({ running: false, log_offset: 0 }),
  frames: () => [],
  teller: makeTeller,
  keepAlive: { frame: frameOf('ping'), everyMs: PING_MS },
  failed: ({ message }) => [frameOf('error', { error: message })],
  limit: { ms: limitSeconds * 1_000, frames: () => [frameOf('timeout')] },
});

/** A stream that says only that there is no such job. */
export const notFoundStream = (): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} => ({
  status: 200,
  headers: { ...CORS, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
  body: `data: ${frameOf('notfound').data}\n\n`,
});
