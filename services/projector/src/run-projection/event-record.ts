import { type RunEvent } from '@millrace/contracts';
import { type RunEventRecord } from '@millrace/read-model';
import { jsonText } from './json-text.ts';
import { type RecordedEvent } from './recorded-event.ts';

/** Data for everyone who may read the run: the input is in the run's own row, values of the environment may be secret. */
const readableData = (event: RunEvent): unknown => {
  switch (event.type) {
    case 'dev.millrace.run.requested.v1':
      return { ...event.data, input: undefined, env: undefined, replyTo: undefined, idempotency: undefined };
    case 'dev.millrace.run.dispatched.v1':
      return { ...event.data, input: undefined, env: undefined, replyTo: undefined };
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
