import { type LiveMessage } from '@millrace/contracts';
import { type Frame } from '../../answer.ts';
import { type RecordedRun } from '../../run-snapshot.ts';

type Complete = Extract<LiveMessage, { readonly type: 'complete' }>;

const frame = (value: unknown): Frame => ({ data: JSON.stringify(value) });

/** What a client is told of a run that did not complete. */
export const failureOf = ({ status, error }: Pick<Complete, 'status' | 'error'>) => ({
  status,
  error: error ?? { code: status, message: `the run is ${status.replace('_', ' ')}` },
});

/** Frames as the document shows them. The first one tells the id of the run before there is any progress. */
export const documentedFrames = {
  open: ({ runId }: RecordedRun): readonly Frame[] => [frame({ type: 'progress', run_id: runId, progress: 0 })],
  of: (message: LiveMessage, { runId }: RecordedRun): readonly Frame[] => {
    if (message.type === 'progress') return [frame({ type: 'progress', run_id: runId, progress: message.percent })];
    if (message.type !== 'complete') return [];
    const failure = message.status === 'completed' ? {} : failureOf(message);
    return [frame({ type: 'complete', run_id: runId, output: message.output ?? null, ...failure })];
  },
};

const MS = 1_000;
const NANOS = 1_000_000;

/** Levels of the source: 1 is information, 3 an error. */
const LEVEL_INFO = 1;
const LEVEL_ERROR = 3;

const event = (type: string, payload: unknown, { runId }: RecordedRun, time: string): Frame => {
  const ms = Date.parse(time);
  const timestamp = { secs_since_epoch: Math.floor(ms / MS), nanos_since_epoch: (ms % MS) * NANOS };
  return {
    event: type,
    data: JSON.stringify({ event_id: `${runId}:${type}:${ms}`, event_type: type, payload, timestamp }),
  };
};

const completed = (message: Complete, run: RecordedRun): readonly Frame[] => {
  const { status, output, time } = message;
  const isGood = status === 'completed';
  const result = output === undefined ? [] : [event('generic_result', output, run, time)];
  const failure = isGood ? [] : [event('error', { message: failureOf(message).error.message }, run, time)];
  const summary = {
    run_id: run.runId,
    status,
    duration_ms: Math.max(0, Date.parse(time) - Date.parse(run.requestedAt)),
    log_level: isGood ? LEVEL_INFO : LEVEL_ERROR,
  };
  return [...result, ...failure, event('completed', summary, run, time)];
};

/** Named events as the first servers sent them; progress is none of theirs. */
export const namedEvents = {
  open: (run: RecordedRun): readonly Frame[] => [event('run_initiated', { run_id: run.runId }, run, run.requestedAt)],
  of: (message: LiveMessage, run: RecordedRun): readonly Frame[] => {
    if (message.type === 'log') {
      return [event('log', { message: message.text, stream: message.stream }, run, message.time)];
    }
    return message.type === 'complete' ? completed(message, run) : [];
  },
};
