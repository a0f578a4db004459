import { describe, expect, test } from 'vitest';
import { decodeCommit } from './codec.ts';
import { RUN_EVENT_SCHEMAS, type RunEvent, type RunEventType } from './run-events.ts';
import { logSubject } from './subjects.ts';
import { executorSource, isSaidByOther, writerRuleOf } from './writers.ts';

const TYPES = Object.keys(RUN_EVENT_SCHEMAS) as RunEventType[];
const said = (name: string, source: string): RunEvent => ({ type: `dev.millrace.run.${name}.v1`, source }) as RunEvent;

const EXECUTOR = executorSource('ex_1');
const GATEWAY = '/millrace/gateway/gw_1';
const SCHEDULER = '/millrace/scheduler/sch_1';

describe('A4: who writes where says only what is his to say', () => {
  test.each([
    ['requested', GATEWAY, ['gateway', 'request', 'scheduled', 'commit']],
    ['cancel.requested', GATEWAY, ['gateway', 'decision', 'commit']],
    ['dispatched', SCHEDULER, ['dispatch', 'decision', 'commit']],
    ['attempt.lost', SCHEDULER, ['decision', 'commit']],
    ['rejected', SCHEDULER, ['decision', 'commit']],
    ['completed', EXECUTOR, ['executor', 'commit']],
    ['failed', EXECUTOR, ['executor', 'commit']],
    ['attempt.lost', EXECUTOR, ['executor', 'commit']],
    ['completed', SCHEDULER, ['decision', 'commit']],
    ['dispatched', EXECUTOR, ['commit']],
    ['requested', EXECUTOR, ['commit']],
    ['rejected', EXECUTOR, ['commit']],
  ])('%s by %s stands on %j only', (name, source, places) => {
    const subjects = {
      gateway: logSubject.gateway(0),
      executor: logSubject.executor(0),
      request: logSubject.request(0, 'abc'),
      scheduled: logSubject.scheduled(0),
      dispatch: logSubject.dispatch(0, 'ex_1'),
      decision: logSubject.decision(0),
      lease: logSubject.lease(0),
      probe: logSubject.probe(0),
      commit: logSubject.commit(0),
    };
    const standing = Object.entries(subjects).filter(([, subject]) => writerRuleOf(subject)(said(name, source)));
    expect(standing.map(([place]) => place).sort()).toEqual([...places].sort());
  });

  test('every type is for somebody to say, and old logs keep what they have', () => {
    const sources = [EXECUTOR, GATEWAY, SCHEDULER];
    const subjects = [
      logSubject.gateway(3),
      logSubject.executor(3),
      logSubject.dispatch(3, 'x'),
      logSubject.decision(3),
    ];
    for (const type of TYPES) {
      const name = type.slice('dev.millrace.run.'.length, -'.v1'.length);
      expect(sources.some((source) => subjects.some((subject) => writerRuleOf(subject)(said(name, source))))).toBe(
        true,
      );
      expect(writerRuleOf(logSubject.commit(3))(said(name, EXECUTOR))).toBe(true);
    }
  });

  test('what is not for its writer to say is unusable, and keeps its place in the commit', () => {
    const event = (type: string, source: string) => ({
      specversion: '1.0',
      id: '1',
      source,
      type,
      subject: 'run',
      time: '2026-01-02T03:04:05.678Z',
      workspace: 'default',
      workflow: 'a/b',
      data: { percent: 1 },
    });
    const progressed = 'dev.millrace.run.progressed.v1';
    const text = JSON.stringify([event(progressed, SCHEDULER), event(progressed, EXECUTOR)]);
    expect(decodeCommit(text, logSubject.executor(0))).toMatchObject([
      { known: false, type: progressed, reason: 'not for the writers of its subject to say' },
      { known: true },
    ]);
  });
});

test.each([
  [EXECUTOR, 'ex_1', false],
  [EXECUTOR, 'ex_2', true],
  [EXECUTOR, '1', true],
  [EXECUTOR, undefined, true],
  [executorSource('ex_11'), 'ex_1', true],
  [executorSource('an/ex_1'), 'ex_1', true],
  [SCHEDULER, 'ex_1', false],
])('%s speaks for another than %s: %s', (source, executor, is) => {
  expect(isSaidByOther({ source }, executor)).toBe(is);
});
