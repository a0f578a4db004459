/**
 * What the scheduler knows: the open runs of a shard, who waits, who holds a slot, which executors there are. A fold of the log (`evolve`)
 * and of the heartbeats (`hear`, `expire`); from it follow the dispatches (`admit`) and the decisions (`takeDecisions`).
 *
 * It changes in place, because a million waiting runs must cost tens of bytes each and every step must be O(1). Nobody else changes it.
 *
 * ```
 *            requested                 admit · dispatched
 * (absent) ────────────► waiting ◄────────────────────────► held ──► (absent)   by a terminal event of its attempt
 *                           │       attempt.lost · .failed   │
 *                           └──────────► ending ◄────────────┘ cancelled while waiting, rejected, attempts used up
 *                                          │
 *                                          └──► (absent)        by the scheduler's own terminal event
 * ```
 *
 * I1 a run that is open is in the queue of its workflow, or held by exactly one executor, or ending. None is lost, none is in two places.
 * I2 the runs held never exceed `concurrentRunsMax`, those of one workflow never the `concurrency` of the run that was admitted last, those
 *    of one executor never its slots, as far as this state admitted them.
 * I3 a slot is taken when a dispatch is decided, and given back only by what the log says.
 * I4 a workflow is in the ready ring exactly when it has a waiting run and its first one may start by the workflow's own limit.
 * I5 nothing is said about an attempt whose dispatch was not read back from the log, so the log holds them in that order.
 */
import { type Position, type RunPolicy } from '@millrace/contracts';
import { invariant } from '@millrace/kernel';
import { type ExecutorRecord, type Holding, makeExecutorRecord } from './executor-record.ts';
import { ReadyRing } from './ready-ring.ts';
import { NO_RUN, type Run, RunTable, STANDING } from './run-table.ts';
import { WorkflowQueue } from './workflow-queue.ts';

export interface AdmissionLimits {
  /** Runs that may hold a slot at the same time, over all workflows and executors. */
  readonly concurrentRunsMax: number;
}

/** Why a run shall end without an attempt of its own. */
export type Ending = 'cancelled' | 'rejected' | 'executor_lost' | 'attempts_used_up' | 'request_expired';

export class SchedulerState {
  readonly limits: AdmissionLimits;
  readonly runs = new RunTable();
  /** By `<workspace>/<path>`; kept for good, because there are as many as workflows were ever run. */
  readonly #workflowNumbers = new Map<string, number>();
  readonly #workflows: WorkflowQueue[] = [];
  readonly #policyNumbers = new Map<string, number>();
  readonly #policies: RunPolicy[] = [];
  readonly ready = new ReadyRing();
  readonly holdings = new Map<Run, Holding>();
  readonly executors = new Map<string, ExecutorRecord>();
  /** Executors that were declared lost, the latest of them. */
  readonly lostExecutors = new Set<string>();
  /** Runs that shall be rejected unless they start at once. */
  readonly eager = new Set<Run>();
  /** Endings and lost attempts that nobody has been told yet. */
  readonly endings = new Map<Run, Ending>();
  readonly losses = new Set<Holding>();
  /** Monotonic time at which leadership began, in milliseconds; `undefined` for who only follows. */
  leadingSinceMs: number | undefined;
  waiting = 0;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  workflowOf(run: Run): WorkflowQueue {
    const workflow = this.#workflows[this.runs.workflow.get(run)];
    invariant(workflow, 'a run has a workflow');
    return workflow;
  }

  /** Limits, retries and `onLimit` of the version that was requested; equal ones are one object. */
  policyOf(run: Run): RunPolicy {
    const policy = this.#policies[this.runs.policy.get(run)];
    invariant(policy, 'a run has a policy');
    return policy;
  }

  executor(id: string): ExecutorRecord {
    let executor = this.executors.get(id);
    if (executor === undefined) {
      executor = makeExecutorRecord(id);
      this.executors.set(id, executor);
    }
    return executor;
  }

  /** A new run, at the end of the queue of its workflow. */
  add(runId: string, position: Position, its: { workspace: string; workflow: string; policy: RunPolicy }): Run {
    const run = this.runs.add(runId, position);
    this.runs.workflow.set(run, this.#workflowNumber(its.workspace, its.workflow));
    this.runs.policy.set(run, this.#policyNumber(its.policy));
    this.enqueue(run);
    return run;
  }

  enqueue(run: Run): void {
    const workflow = this.workflowOf(run);
    this.runs.standing.set(run, STANDING.waiting);
    workflow.append(run);
    this.waiting += 1;
    this.refresh(workflow);
  }

  /** Takes a waiting run out of its queue; what it becomes is up to the caller. */
  dequeue(run: Run): void {
    const workflow = this.workflowOf(run);
    workflow.remove(run);
    this.waiting -= 1;
    this.eager.delete(run);
    this.refresh(workflow);
  }

  /** Gives a run, which is in no queue, the next attempt on this executor. */
  hold(run: Run, executor: ExecutorRecord): Holding {
    const holding: Holding = {
      run,
      executor,
      isRecorded: false,
      isCancelRequested: false,
      misses: 0,
      lostReason: undefined,
    };
    const workflow = this.workflowOf(run);
    this.runs.standing.set(run, STANDING.held);
    this.runs.attempt.set(run, this.runs.attempt.get(run) + 1);
    this.holdings.set(run, holding);
    executor.holdings.set(run, holding);
    workflow.running += 1;
    this.refresh(workflow);
    return holding;
  }

  /** Gives the slot of a held run back; what it becomes is up to the caller. */
  release({ run, executor }: Holding): void {
    const holding = this.holdings.get(run);
    const workflow = this.workflowOf(run);
    this.holdings.delete(run);
    executor.holdings.delete(run);
    if (holding !== undefined) this.losses.delete(holding);
    workflow.running -= 1;
    this.refresh(workflow);
    // one that was never heard lives in the history of the log only
    if (executor.heardMs === undefined && executor.holdings.size === 0) this.executors.delete(executor.id);
  }

  /** A run that is in no queue and holds no slot waits for its end to be recorded. */
  end(run: Run, ending: Ending): void {
    this.runs.standing.set(run, STANDING.ending);
    this.endings.set(run, ending);
  }

  /** Forgets a run that is in no queue and holds no slot. */
  forget(run: Run): void {
    this.endings.delete(run);
    this.runs.remove(run);
  }

  /** Keeps I4 after anything that touched the workflow. */
  refresh(workflow: WorkflowQueue): void {
    const { first } = workflow;
    const isReady =
      first !== NO_RUN && workflow.running < (this.policyOf(first).concurrency ?? Number.POSITIVE_INFINITY);
    if (isReady) this.ready.add(workflow);
    else this.ready.remove(workflow);
  }

  #workflowNumber(workspace: string, path: string): number {
    const key = `${workspace}/${path}`;
    const known = this.#workflowNumbers.get(key);
    if (known !== undefined) return known;
    this.#workflowNumbers.set(key, this.#workflows.length);
    return this.#workflows.push(new WorkflowQueue(this.runs, workspace, path)) - 1;
  }

  #policyNumber(policy: RunPolicy): number {
    const { timeoutMs, concurrency, onLimit, retries } = policy;
    const key = `${timeoutMs} ${concurrency ?? ''} ${onLimit} ${retries.failed} ${retries.lost}`;
    const known = this.#policyNumbers.get(key);
    if (known !== undefined) return known;
    this.#policyNumbers.set(key, this.#policies.length);
    return this.#policies.push(policy) - 1;
  }
}
