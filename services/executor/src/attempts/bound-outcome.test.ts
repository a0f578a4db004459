import {
  ATTEMPT_LOG_BYTES_MAX,
  encodeEvent,
  ERROR_MESSAGE_BYTES_MAX,
  ERROR_STACK_BYTES_MAX,
  EVENT_BYTES_MAX,
  INPUT_BYTES_MAX,
  RESULT_BYTES_MAX,
  type RunEvent,
} from '@millrace/contracts';
import { completed } from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writtenBytes } from '../written-size.ts';
import { boundOutcome } from './bound-outcome.ts';
import { endingOf } from './ending.ts';
import { type Outcome, OUTPUT_BYTES_MAX } from './execution.ts';

const LARGE = 'x'.repeat(RESULT_BYTES_MAX);

test('a result is measured as it is written', () => {
  const sent = `[${'1e20,'.repeat(100_000)}0]`;
  expect(sent.length).toBeLessThan(RESULT_BYTES_MAX);
  const bounded = boundOutcome({ kind: 'completed', output: JSON.parse(sent), exitCode: 0 });
  const message = 'the result has 2200003 bytes as JSON; at most 1048576 are kept';
  expect(bounded).toEqual({ kind: 'failed', error: { code: 'output_too_large', message }, exitCode: 0 });
});

test('a result of exactly the limit is kept, of one byte more it is not', () => {
  const exact = { kind: 'completed', output: 'x'.repeat(RESULT_BYTES_MAX - 2) } as const;
  expect(boundOutcome(exact)).toEqual(exact);
  expect(boundOutcome({ ...exact, output: `${exact.output}x` })).toHaveProperty('error.code', 'output_too_large');
});

test('an attempt that failed keeps its error, and loses a result that is too large', () => {
  const error = { code: 'exit_code', message: 'exit code 3' };
  expect(boundOutcome({ kind: 'failed', error, exitCode: 3, output: LARGE })).toEqual({
    kind: 'failed',
    error,
    exitCode: 3,
  });
});

test('what processes send is limited like what is written', () => {
  expect(OUTPUT_BYTES_MAX).toBe(RESULT_BYTES_MAX);
});

describe('the bound of an attempt', () => {
  const texts = fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.integer({ min: 0, max: 60_000 }));
  const long = texts.map(([unit, times]) => unit.repeat(times).slice(0, 2_000_000));
  const error = fc.record(
    { code: fc.constant('exception'), message: long, stack: long },
    { requiredKeys: ['message', 'code'] },
  );
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.record({ kind: fc.constant('completed' as const), output: long }),
    fc.record({ kind: fc.constant('failed' as const), error, output: long }),
    fc.record({ kind: fc.constant('lost' as const), reason: long, counted: fc.boolean() }),
  );

  test('whatever comes out of an attempt, its last event keeps within it', () => {
    const most = RESULT_BYTES_MAX + ERROR_MESSAGE_BYTES_MAX + ERROR_STACK_BYTES_MAX + EVENT_BYTES_MAX;
    const rest = { stopped: undefined, executor: 'ex_1', timeoutMs: 1, retryOnFailure: false };
    fc.assert(
      fc.property(outcome, (any) => {
        const { type, data } = endingOf({ outcome: boundOutcome(any), ...rest });
        const event = { ...completed(), type, data } as RunEvent;
        expect(Buffer.byteLength(encodeEvent(event))).toBeLessThanOrEqual(most);
      }),
      { numRuns: 50 },
    );
    expect(most + INPUT_BYTES_MAX + RESULT_BYTES_MAX).toBeLessThan(ATTEMPT_LOG_BYTES_MAX);
  });

  test('the envelope of an event with the longest names is smaller than what is counted for it', () => {
    const event = { ...completed(), workflow: `a/${'x'.repeat(198)}`, data: {} };
    // 256 bytes: what nats-server keeps of a message besides its text.
    expect(writtenBytes(event) + 256).toBeLessThan(EVENT_BYTES_MAX);
  });
});
