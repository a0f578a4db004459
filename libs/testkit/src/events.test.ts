import { decodeEvent, RUN_EVENT_SCHEMAS } from '@millrace/contracts';
import { expect, test } from 'vitest';
import * as events from './events.ts';

const BUILDERS = [
  events.requested,
  events.dispatched,
  events.started,
  events.responded,
  events.progressed,
  events.cancelRequested,
  events.attemptFailed,
  events.attemptLost,
  events.retryScheduled,
  events.completed,
  events.failed,
  events.cancelled,
  events.timedOut,
  events.rejected,
];

test('every type has a builder, and what it builds is valid', () => {
  const built = BUILDERS.map((build) => build());
  expect(built.map(({ type }) => type).sort()).toEqual(Object.keys(RUN_EVENT_SCHEMAS).sort());
  for (const event of built) expect(decodeEvent(JSON.parse(JSON.stringify(event)))).toEqual({ known: true, event });
});

test('overrides go to the envelope or to the data, by name', () => {
  const event = events.requested({ runId: 'r1', workflow: 'a/b', input: { x: 1 }, traceparent: 't' });
  expect(event).toMatchObject({ subject: 'r1', workflow: 'a/b', traceparent: 't', data: { input: { x: 1 } } });
  expect(Object.keys(event.data)).not.toContain('workflow');
});
