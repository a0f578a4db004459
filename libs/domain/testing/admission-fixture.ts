import {
  type Heartbeat,
  type HeartbeatAnswer,
  type RunEvent,
  type RunPolicy,
  type RunRequested,
} from '@millrace/contracts';
import { dispatched, requested } from '@millrace/testkit';
import { admit } from '../src/admission/admit.ts';
import { type Decision, takeDecisions } from '../src/admission/decisions.ts';
import { evolve } from '../src/admission/evolve.ts';
import { beginLeading, hear } from '../src/admission/heartbeats.ts';
import { SchedulerState } from '../src/admission/scheduler-state.ts';

const POLICY: RunPolicy = { timeoutMs: 1_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } };

/** A scheduler's state and a log that it reads at once. */
export class AdmissionFixture {
  state: SchedulerState;
  #sequence = 0;

  constructor(concurrentRunsMax = 4, manner: 'leads' | 'follows' = 'leads') {
    this.state = new SchedulerState({ concurrentRunsMax });
    if (manner === 'leads') beginLeading(this.state, 0);
  }

  record(...events: RunEvent[]): void {
    for (const event of events) evolve(this.state, event, { sequence: (this.#sequence += 1), index: 0 });
  }

  /** As if the log stored it at this time, in milliseconds since the epoch. */
  recordAt(atMs: number, ...events: RunEvent[]): void {
    for (const event of events) evolve(this.state, event, { sequence: (this.#sequence += 1), index: 0 }, atMs);
  }

  requestOf(
    runId: string,
    its: Partial<RunPolicy> = {},
    data: Partial<RunRequested['data']> = {},
    workflow = 'a/a',
  ): RunRequested {
    return requested({ runId, workflow, ...data, policy: { ...POLICY, ...its } });
  }

  request(runId: string, workflow = 'a/a', its: Partial<RunPolicy> = {}): void {
    this.record(requested({ runId, workflow, policy: { ...POLICY, ...its } }));
  }

  beat(executor: string, its: Partial<Heartbeat> = {}, nowMs = 0): HeartbeatAnswer {
    return hear(this.state, { executor, slots: 100, draining: false, held: [], ...its }, nowMs);
  }

  /** Admits, and reads every dispatch back from the log. */
  start(nowMs = 0): string[] {
    return admit(this.state, nowMs).map(({ runId, attempt, executor }) => {
      this.record(dispatched({ runId, attempt, executor }));
      return runId;
    });
  }

  /** What was decided besides dispatches, in short. */
  take(): Partial<Decision>[] {
    return takeDecisions(this.state).map(inShort);
  }
}

const inShort = (decision: Decision): Partial<Decision> => {
  const { type, runId } = decision;
  switch (type) {
    case 'end':
      return { type, runId, ending: decision.ending };
    case 'lose':
      return { type, runId, attempt: decision.attempt, executor: decision.executor };
    case 'retry':
      return { type, runId, attempt: decision.attempt, delayMs: decision.delayMs };
    case 'cancel':
      return { type, runId, successor: decision.successor };
    case 'tell':
      return { type, runId };
  }
};
