/** A snapshot is as good as the log that it stands for. */
import { type RunEvent } from '@millrace/contracts';
import { aRunId, cancelRequested, completed, dispatched, requested } from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { arbitraryLog, LOG_BEGAN_MS, type Placed } from '../../testing/arbitrary-log.ts';
import { eventOf, isRecorded } from '../../testing/recorded.ts';
import { bytesOf, restored } from '../../testing/snapshots.ts';
import { admit } from './admit.ts';
import { type Decision, takeDecisions } from './decisions.ts';
import { evolve } from './evolve.ts';
import { beginLeading, EXECUTOR_SILENCE_MAX_MS, expire, hear } from './heartbeats.ts';
import { decodeState } from './restore-snapshot.ts';
import { SchedulerState } from './scheduler-state.ts';
import { SNAPSHOT_VERSION } from './snapshot-format.ts';
import { freezeState } from './snapshot.ts';
import { wakeDue } from './wake.ts';

const limits = { concurrentRunsMax: 3 };
const ROUNDS_MAX = 1_000;
const ROUND_MS = 1_000;

const fold = (state: SchedulerState, log: readonly Placed[]): SchedulerState => {
  for (const { event, sequence, atMs } of log) evolve(state, event, { sequence, index: 0 }, atMs);
  return state;
};

const inOrder = (decisions: readonly Decision[]): readonly Decision[] =>
  [...decisions].sort((one, other) => (one.runId < other.runId ? -1 : 1));

/** Leads until nothing is left, with one executor whose runs end at once, and tells everything that was decided, in order. */
const decisionsOf = (state: SchedulerState): readonly unknown[] => {
  const decided: unknown[] = [];
  let sequence = 1_000_000;
  let logMs = LOG_BEGAN_MS + 60_000;
  const record = (event: RunEvent): void => evolve(state, event, { sequence: (sequence += 1), index: 0 }, logMs);
  beginLeading(state, 0);
  expire(state, EXECUTOR_SILENCE_MAX_MS);
  for (let round = 0; round < ROUNDS_MAX && state.runs.size > 0; round += 1) {
    logMs += ROUND_MS;
    wakeDue(state, logMs);
    const last = { executor: 'ex_last', pools: ['default', 'gpu'], draining: false, held: [] };
    hear(state, { ...last, slots: 1 + (round % 2) }, EXECUTOR_SILENCE_MAX_MS);
    for (const dispatch of admit(state, EXECUTOR_SILENCE_MAX_MS, { logMs })) {
      decided.push(dispatch);
      const { runId, workflow, attempt, executor } = dispatch;
      record(dispatched({ runId, workflow, attempt, executor }));
      record(completed({ runId, workflow, attempt }));
    }
    for (const decision of inOrder(takeDecisions(state))) {
      decided.push(decision);
      if (isRecorded(decision)) record(eventOf(decision, decision.workflow, logMs));
    }
  }
  expect(state.runs.size).toBe(0);
  return decided;
};

describe('a snapshot', () => {
  test('leads to the decisions that the log alone leads to, wherever it was taken', { timeout: 120_000 }, () => {
    const endings = new Set<unknown>();
    fc.assert(
      fc.property(arbitraryLog, fc.nat(100), (log, percent) => {
        const cut = Math.floor((log.length * percent) / 100);
        const bySnapshot = fold(restored(fold(new SchedulerState(limits), log.slice(0, cut))), log.slice(cut));
        const byLog = decisionsOf(fold(new SchedulerState(limits), log));
        expect(decisionsOf(bySnapshot)).toEqual(byLog);
        for (const decision of byLog) endings.add((decision as { ending?: string }).ending);
      }),
      { numRuns: 300 },
    );
    // the logs were as varied as they claim to be
    const all = ['attempts_used_up', 'cancelled', 'debounced', 'executor_lost', 'rejected', 'skipped', 'superseded'];
    expect([...endings].filter((ending) => ending !== undefined && ending !== 'queue_full').sort()).toEqual(all);
  });

  test('is of the moment when it was taken, however late it is written', { timeout: 30_000 }, () => {
    const shard = new AdmissionFixture(100);
    shard.beat('ex1');
    const ids = Array.from({ length: 5_000 }, aRunId);
    for (const id of ids) shard.request(id);
    const frozen = freezeState(shard.state);
    const atOnce = bytesOf(frozen);
    for (const runId of shard.start()) shard.record(completed({ runId }));
    for (let n = 0; n < 1_000; n += 1) shard.record(requested({ runId: aRunId() }));
    expect(bytesOf(frozen)).toEqual(atOnce);
    expect(decodeState(atOnce, limits).state.runs.size).toBe(ids.length);
  });

  test('takes less than 15 bytes for a run that waits', { timeout: 30_000 }, () => {
    const shard = new AdmissionFixture();
    for (let n = 0; n < 5_000; n += 1) shard.request(aRunId());
    expect(bytesOf(freezeState(shard.state)).length).toBeLessThan(15 * 5_000);
  });

  test('keeps that a run shall end, whose dispatch is not in the log', () => {
    const shard = new AdmissionFixture();
    shard.beat('ex1');
    shard.request('1');
    expect(admit(shard.state, 0)).toHaveLength(1);
    shard.record(cancelRequested({ runId: '1' }));
    const state = restored(shard.state);
    beginLeading(state, 0);
    expect(takeDecisions(state)).toMatchObject([{ type: 'end', runId: '1', ending: 'cancelled' }]);
  });

  test('tells what its writer said of the log', () => {
    expect(decodeState(bytesOf(freezeState(new SchedulerState(limits))), limits).log).toEqual({ position: 1 });
  });
});

describe('what is no snapshot of this version is refused', () => {
  const shard = new AdmissionFixture();
  for (let n = 0; n < 10; n += 1) shard.request(aRunId());
  const bytes = bytesOf(freezeState(shard.state));
  const replaced = (text: string, other: string): Uint8Array =>
    Uint8Array.from(Buffer.from(Buffer.from(bytes).toString('latin1').replace(text, other), 'latin1'));

  test.each([
    ['nothing', new Uint8Array()],
    ['another thing', Uint8Array.from(Buffer.from('no snapshot'))],
    ['the beginning of one', bytes.subarray(0, bytes.length / 2)],
    ['one with more behind it', Uint8Array.from([...bytes, 0])],
    ['a newer one', replaced(`scheduler",${SNAPSHOT_VERSION}`, 'scheduler",9')],
    ['one with other columns', replaced('"attempt"', '"attemps"')],
  ])('%s', (_, wrong) => {
    expect(() => decodeState(wrong, limits)).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});
