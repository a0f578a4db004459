import { parseTraceparent, uuidV7TimeMs } from '@millrace/contracts';
import { type Logger } from '@millrace/runtime';
import { type Config } from '../config.ts';
import { type RecordedEvent } from './recorded-event.ts';

/** Writes a line for each run that ended, once everyone can read its end. */
export type LogEndedRuns = (ended: readonly RecordedEvent[]) => void;

/** `dev.millrace.run.timed_out.v1` → `timed_out` */
const statusOf = (type: string): string => type.split('.').at(-2) ?? type;

const errorOf = ({ event }: RecordedEvent): { readonly error?: string } =>
  'error' in event.data ? { error: event.data.error.code } : {};

/**
 * The one line of a run at the default level: `{"msg":"run ended","run_id":…,"trace_id":…,"workflow":…,"status":…,"attempt":…,"duration_ms":…}`.
 * The duration is from the request to the end. A line costs about 7 µs; see docs/operations.md.
 */
export const makeLogEndedRuns =
  (log: Logger, which: Config['MILLRACE_LOG_RUNS']): LogEndedRuns =>
  (ended) => {
    if (which === 'none') return;
    for (const entry of ended) {
      const { event, time } = entry;
      const status = statusOf(event.type);
      if (which === 'failed' && status === 'completed') continue;
      log.info('run ended', {
        run_id: event.subject,
        trace_id: parseTraceparent(event.traceparent)?.traceId,
        workflow: event.workflow,
        status,
        ...(event.attempt !== undefined && { attempt: event.attempt }),
        duration_ms: Math.max(0, Date.parse(time) - uuidV7TimeMs(event.subject)),
        ...errorOf(entry),
      });
    }
  };
