import { type Heartbeat, type HeartbeatAnswer, type RunEvent, type RunPolicy } from '@millrace/contracts';
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
    return takeDecisions(this.state).map((decision) =>
      decision.type === 'end'
        ? { type: 'end', runId: decision.runId, ending: decision.ending }
        : { type: 'lose', runId: decision.runId, attempt: decision.attempt, executor: decision.executor },
    );
  }
}
