import { type Clock } from '@millrace/kernel';
import { type RunEventOf } from '@millrace/contracts';
import { type EventWriter } from '@millrace/eventlog';
import { type Ids, type Telemetry } from '@millrace/runtime';

export interface CancelDeps {
  readonly gatewayId: string;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly writer: EventWriter;
}

/** What has to be known of a run to end it. */
export interface CancellableRun {
  readonly id: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly traceId: string | undefined;
}

/** Records the wish that a run shall end; resolves once it is on disk. The run ends a moment later, unless it was over by then. */
export type CancelRun = (run: CancellableRun, requestedBy: string, reason?: string) => Promise<void>;

type CancelRequested = RunEventOf<'dev.millrace.run.cancel.requested.v1'>;

export const makeCancelRun = ({ gatewayId, ids, clock, telemetry, writer }: CancelDeps): CancelRun => {
  const toEvent = (run: CancellableRun, data: CancelRequested['data']): CancelRequested => {
    // The trace of the run goes on: its id is known, its spans are not.
    const parent = run.traceId === undefined ? undefined : `00-${run.traceId}-${ids.spanId()}-01`;
    const span = telemetry.startSpan('cancel', { kind: 'server', parent });
    span.end();
    return {
      specversion: '1.0',
      id: ids.eventId(),
      source: `/millrace/gateway/${gatewayId}`,
      type: 'dev.millrace.run.cancel.requested.v1',
      subject: run.id,
      time: new Date(clock.now()).toISOString(),
      datacontenttype: 'application/json',
      workspace: run.workspace,
      workflow: run.workflow,
      traceparent: span.traceparent,
      data,
    };
  };
  return async (run, requestedBy, reason) => {
    await writer.append([toEvent(run, { requestedBy, ...(reason === undefined ? {} : { reason }) })]);
  };
};
