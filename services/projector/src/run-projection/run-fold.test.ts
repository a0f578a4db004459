import { type RunEvent } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';
import { attemptLost, completed, dispatched, requested, started } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { EXPECTED, HISTORIES, NASTY } from '../../testing/histories.ts';
import { isUsable, readEntries, type RecordedEvent } from './recorded-event.ts';
import { foldRuns } from './run-fold.ts';

const STORED_AT = Date.UTC(2026, 0, 1);
const commitOf = (sequence: number, events: readonly RunEvent[]): Commit => ({
  sequence,
  subject: 'log.0.commit',
  time: STORED_AT,
  bytes: 0,
  events: events.map((event) => ({ known: true, event })),
});
const recordedOf = (events: readonly RunEvent[], from = 1): readonly RecordedEvent[] =>
  events.flatMap((event, index) => readEntries(commitOf(from + index, [event])).filter(isUsable));

const RUN = '0193a5f0-7c1e-7a3b-8f00-0123456789ab';

describe('fold of runs', () => {
  test.each(Object.entries(HISTORIES))('a run that is %s', (name, history) => {
    const { born, changed, events } = foldRuns([], recordedOf(history(RUN)));
    expect([events.length, born[0]?.state]).toEqual(EXPECTED[name]);
    expect(changed).toEqual([]);
  });

  test('is the same whether a stretch is folded at once or event by event', () => {
    for (const history of Object.values(HISTORIES)) {
      const recorded = recordedOf(history(RUN));
      const whole = foldRuns([], recorded);
      let [row] = foldRuns([], recorded.slice(0, 1)).born;
      for (const entry of recorded.slice(1)) {
        if (row === undefined) throw new Error('the first event is a request');
        const [after] = foldRuns([row], [entry]).changed;
        row = { ...row, ...after };
      }
      expect(row).toEqual(whole.born[0]);
    }
  });

  test('keeps what the last attempt left until the next is dispatched', () => {
    const events = [requested({ runId: RUN }), dispatched({ runId: RUN }), started({ runId: RUN })];
    const lost = foldRuns([], recordedOf([...events, attemptLost({ runId: RUN, reason: 'silent' })])).born[0];
    expect(lost).toMatchObject({ state: 'waiting', attempt: 1, error: '{"code":"executor_lost","message":"silent"}' });
    const [again] = foldRuns(
      lost === undefined ? [] : [lost],
      recordedOf([dispatched({ runId: RUN, attempt: 2, executor: 'ex_2' })], 5),
    ).changed;
    expect(again).toMatchObject({ state: 'dispatched', attempt: 2, error: null, started_at: null, executor: 'ex_2' });
  });

  test('keeps names of the environment and no values, in rows and in events', () => {
    const folded = foldRuns(
      [],
      recordedOf([requested({ runId: RUN, env: { A: 'hidden' } }), dispatched({ runId: RUN, env: { A: 'hidden' } })]),
    );
    expect(folded.born[0]?.env_names).toBe('["A"]');
    expect(JSON.stringify(folded)).not.toContain('hidden');
  });

  test('stores texts that Postgres refuses as escapes', () => {
    const [row] = foldRuns([], recordedOf(HISTORIES['completed']?.(RUN) ?? [])).born;
    expect(row?.input).not.toContain('\0');
    expect(JSON.parse(row?.input ?? '')).toEqual({ text: NASTY });
  });
});

describe('entries that no row can be made of', () => {
  const good = completed({ runId: RUN });
  test.each([
    ['a subject that is no run id', { ...good, subject: '../../etc' }],
    ['a workflow with a line break', { ...good, workflow: 'a/b\r\nPUB x' }],
    ['a workspace with a wildcard', { ...good, workspace: '*' }],
    ['an attempt beyond counting', { ...good, attempt: 1e12 }],
    ['an attempt that is a text', { ...good, attempt: 'x' as unknown as number }],
    ['a traceparent that is an object', { ...good, traceparent: {} as unknown as string }],
    ['another content type', { ...good, datacontenttype: 'text/x\n' as 'application/json' }],
  ])('%s', (_what, event) => {
    expect(readEntries(commitOf(7, [event])).map(isUsable)).toEqual([false]);
  });

  test.each(['soon', '', '+275760-01-01T00:00:00Z', '2026-02-31T99:00:00.000Z', '-000001-01-01T00:00:00Z'])(
    'but the time %j is replaced by that of the log',
    (time) => {
      expect(readEntries(commitOf(7, [{ ...good, time }]))).toMatchObject([{ time: '2026-01-01T00:00:00.000Z' }]);
    },
  );

  test('a time in another zone becomes UTC', () => {
    expect(readEntries(commitOf(7, [{ ...good, time: '2026-05-01T12:00:00+02:00' }]))).toMatchObject([
      { time: '2026-05-01T10:00:00.000Z', event: { time: '2026-05-01T10:00:00.000Z' } },
    ]);
  });
});
