import { isTerminal } from '@millrace/contracts';
import { type Telemetry } from '@millrace/runtime';
import { type RecordedEvent } from './recorded-event.ts';

/** Ends the trace of a run: from its terminal event until everyone can read it. */
export interface ProjectSpans {
  readonly emit: (recorded: readonly RecordedEvent[]) => void;
}

export const makeProjectSpans = (telemetry: Telemetry): ProjectSpans => ({
  emit: (recorded) => {
    if (!telemetry.isExporting) return;
    for (const { event, time } of recorded) {
      if (!isTerminal(event.type)) continue;
      const span = telemetry.startSpan('project', {
        parent: event.traceparent,
        startTimeMs: Date.parse(time),
        attributes: { 'millrace.run.id': event.subject, 'millrace.workflow': event.workflow },
      });
      span.end();
    }
  },
});
