import { type RunEvent } from '@millrace/contracts';
import { type RunEventRecord } from '@millrace/read-model';
import { jsonText } from './json-text.ts';
import { type RecordedEvent } from './recorded-event.ts';

const DISPATCH_ONLY = {
  input: undefined,
  env: undefined,
  replyTo: undefined,
  trigger: undefined,
  cloudEvent: undefined,
} as const;

/** Data for everyone who may read the run: the input is in the run's own row, values of the environment may be secret. */
const readableData = (event: RunEvent): unknown => {
  switch (event.type) {
    case 'dev.millrace.run.requested.v1':
      return { ...event.data, input: undefined, env: undefined, replyTo: undefined, idempotency: undefined };
    case 'dev.millrace.run.dispatched.v1':
      // What was copied from the request stands there.
      return { ...event.data, ...DISPATCH_ONLY };
    default:
      return event.data;
  }
};

/** The row of an event that counts. */
export const eventRecordOf = ({ event, position, time }: RecordedEvent): RunEventRecord => ({
  run_id: event.subject,
  sequence: position.sequence,
  index: position.index,
  type: event.type,
  time,
  attempt: event.attempt ?? null,
  data: jsonText(readableData(event)),
});
