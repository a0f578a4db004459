import { completed, dispatched, failed, requested } from '@millrace/testkit';
import { makeLogger } from '@millrace/runtime';
import { expect, test } from 'vitest';
import { type Config } from '../config.ts';
import { makeLogEndedRuns } from './log-ended-runs.ts';
import { isUsable, readEntries, type RecordedEvent } from './recorded-event.ts';
import { foldRuns } from './run-fold.ts';

const GOOD = '0193a5f0-7c1e-7a3b-8f00-0123456789ab';
const BAD = '0193a5f0-7c1e-7a3b-8f00-0123456789ac';
const REQUESTED_MS = 0x0193_a5f0_7c1e;
const at = (ms: number): string => new Date(REQUESTED_MS + ms).toISOString();
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const recorded: readonly RecordedEvent[] = [
  requested({ runId: GOOD, workflow: 'a/b' }),
  requested({ runId: BAD, workflow: 'a/b' }),
  dispatched({ runId: GOOD, workflow: 'a/b' }),
  dispatched({ runId: BAD, workflow: 'a/b' }),
  { ...completed({ runId: GOOD, workflow: 'a/b', time: at(40) }), traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
  failed({ runId: BAD, workflow: 'a/b', time: at(1_500) }),
  // A late word about a run that is over: the first one counts, and is the only line.
  completed({ runId: BAD, workflow: 'a/b', time: at(2_000) }),
].flatMap((event, index) => {
  const events = [{ known: true as const, event }];
  return readEntries({ sequence: index + 1, subject: 'log.0.commit', time: 0, bytes: 0, events }).filter(isUsable);
});

const linesOf = (which: Config['MILLRACE_LOG_RUNS']): readonly unknown[] => {
  const lines: unknown[] = [];
  const log = makeLogger({ service: 'projector', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  makeLogEndedRuns(log, which)(foldRuns([], recorded).ended);
  return lines;
};

test('an ended run is one line at the default level, with what it is searched by', () => {
  expect(linesOf('all')).toMatchObject([
    {
      level: 'info',
      msg: 'run ended',
      run_id: GOOD,
      trace_id: TRACE,
      workflow: 'a/b',
      status: 'completed',
      duration_ms: 40,
    },
    {
      level: 'info',
      msg: 'run ended',
      run_id: BAD,
      workflow: 'a/b',
      status: 'failed',
      error: 'exit_code',
      duration_ms: 1_500,
    },
  ]);
});

test('only runs that did not complete are lines, or none, where that is wanted', () => {
  expect(linesOf('failed')).toMatchObject([{ run_id: BAD }]);
  expect(linesOf('none')).toEqual([]);
});
