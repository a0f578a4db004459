import { type RunRequested } from '@millrace/contracts';
import { type Dispatch } from '@millrace/domain';
import { type Telemetry } from '@millrace/runtime';

/**
 * Records how long a run waited, as the span `wait` below the request's, and gives the `traceparent` that its dispatch carries.
 * A retry has waited since its attempt was lost or failed, which is about now.
 */
export const traceWait = (
  telemetry: Telemetry,
  { runId, workflow, attempt, executor }: Dispatch,
  request: RunRequested,
): string => {
  const span = telemetry.startSpan('wait', {
    parent: request.traceparent,
    ...(attempt === 1 ? { startTimeMs: Date.parse(request.time) } : {}),
    attributes: {
      'millrace.run.id': runId,
      'millrace.workflow': workflow,
      'millrace.attempt': attempt,
      'millrace.executor': executor,
    },
  });
  span.end();
  return span.traceparent;
};
