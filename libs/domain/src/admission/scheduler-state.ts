/**
 * What the scheduler knows: the open runs of a shard, who waits, who holds a slot, which executors there are. A fold of the log (`evolve`)
 * and of the heartbeats (`hear`, `expire`); from it follow the dispatches (`admit`) and the decisions (`takeDecisions`).
 *
 * It changes in place, because a million waiting runs must cost tens of bytes each and every step must be O(1). Nobody else changes it.
 *
 * ```
 *            requested                 admit · dispatched
 * (absent) ────────────► waiting ◄────────────────────────► held ──► (absent)   by a terminal event of its attempt
 *     its time has come ▲   │       attempt.lost · .failed   │
 *                       │   └──────────► ending ◄────────────┤ cancelled while waiting, rejected, attempts used up
 *    requested ──► sleeping ──────────────►│                 │
 *    not before T       ▲                  └──► (absent)     │  by the scheduler's own terminal event
 *                       └───── retrying ◄────────────────────┘ attempt.failed, and there is a pause before the next
 *              retry.scheduled
 * ```
 *
 * I1 a run that is open is in the queue of its workflow, or held by exactly one executor, or sleeping, retrying or ending. None is lost, none is in two places.
 * I2 the runs held never exceed `concurrentRunsMax`, those of one workflow never the `concurrency` of the run that was admitted last, those
 *    of one executor never its slots, as far as this state admitted them.
 * I3 a slot is taken when a dispatch is decided, and given back only by what the log says.
 * I4 who may start by the limits of its workflow and its key has a turn, and nobody else: see `queues.ts`.
 * I5 nothing is said about an attempt whose dispatch was not read back from the log, so the log holds them in that order.
 */
import { type Position, type RunPolicy } from '@millrace/contracts';
import { invariant } from '@millrace/kernel';
import { type ExecutorRecord, type Holding, makeExecutorRecord } from './executor-record.ts';
import { policyText } from './policy-text.ts';
import { levelOf } from './priority.ts';
import { Queues } from './queues.ts';
import { type Run, RunTable, STANDING } from './run-table.ts';
import { Sleepers } from './sleepers.ts';
import { type WorkflowQueue } from './workflow-queue.ts';

export interface AdmissionLimits {
  /** Runs that may hold a slot at the same time, over all workflows and executors. */
  readonly concurrentRunsMax: number;
}

/** Why a run shall end without an attempt of its own; its place in the list, from 1, is its code in the table. */
export const ENDINGS = [
  'cancelled',
  'rejected',
  'executor_lost',
  'attempts_used_up',
  'request_expired',
  'skipped',
  'debounced',
  'superseded',
  'queue_full',
] as const;
export type Ending = (typeof ENDINGS)[number];

/** What is known of a run when it is requested. */
export interface NewRun {
  readonly workspace: string;
  /** Path of the workflow. */
  readonly workflow: string;
  readonly policy: RunPolicy;
  /** Concurrency key. */
  readonly key?: string | undefined;
  /** Default 0. */
  readonly priority?: number | undefined;
}

export class SchedulerState {
  readonly limits: AdmissionLimits;
  readonly runs = new RunTable();
  readonly queues = new Queues(this.runs, (run) => this.policyOf(run));
  readonly #policyNumbers = new Map<string, number>();
  readonly #policies: RunPolicy[] = [];
  readonly holdings = new Map<Run, Holding>();
  readonly executors = new Map<string, ExecutorRecord>();
  /** Executors that were declared lost, the latest of them. */
  readonly lostExecutors = new Set<string>();
  /** Runs that shall be rejected unless they start at once. */
  readonly eager = new Set<Run>();
  /** Endings and lost attempts that nobody has been told yet. */
  readonly endings = new Map<Run, Ending>();
  readonly losses = new Set<Holding>();
  /** Runs that hold a slot and shall give way, when nobody has been told yet. */
  readonly cancellations = new Set<Run>();
  /** By the run that gives way, or gave: the id of the one that takes its place. */
  readonly successors = new Map<Run, string>();
  /** Debounce keys of the runs that have one and were not started. */
  readonly debounceKeys = new Map<Run, string>();
  /** Runs whose callers wait to hear if they may wait; only a leader fills it. */
  readonly asking = new Set<Run>();
  /** Retries whose time nobody has been told yet. */
  readonly retries = new Set<Run>();
  readonly sleepers = new Sleepers(this.runs);
  /** Runs that sleep and whose alarm nobody was asked for yet. */
  readonly unarmed = new Set<Run>();
  /** When each schedule fired last, in milliseconds since the epoch. */
  readonly fired = new Map<string, number>();
  /** When the log began, as far as it was ever read: milliseconds since the epoch. */
  logBeganMs: number | undefined;
  /** Monotonic time at which leadership began, in milliseconds; `undefined` for who only follows. */
  leadingSinceMs: number | undefined;
  /** Runs that joined a queue so far. */
  #joins = 0;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  /** Runs that could start now, but for the limits. */
  get waiting(): number {
    return this.queues.waiting;
  }

  workflowOf(run: Run): WorkflowQueue {
    return this.queues.workflowOf(run);
  }

  /** By number. */
  get workflows(): readonly WorkflowQueue[] {
    return this.queues.workflows;
  }

  /** By number. */
  get policies(): readonly RunPolicy[] {
    return this.#policies;
  }

  /** What a snapshot names by number, in the same order. Only for a state that is new. */
  restoreTables(workflows: Iterable<readonly [workspace: string, path: string]>, policies: Iterable<RunPolicy>): void {
    for (const [workspace, path] of workflows) this.queues.workflow(workspace, path);
    for (const policy of policies) this.#policyNumber(policy);
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

  /** A new run, which is in no queue yet. */
  add(runId: string, position: Position, { workspace, workflow, policy, key, priority = 0 }: NewRun): Run {
    const run = this.runs.add(runId, position);
    this.runs.workflow.set(run, this.queues.workflow(workspace, workflow).number);
    this.runs.policy.set(run, this.#policyNumber(policy));
    this.runs.level.set(run, levelOf(priority));
    this.queues.admit(run, key);
    return run;
  }

  /** A run that is in no queue waits until a time, in milliseconds since the epoch. */
  sleep(run: Run, dueMs: number): void {
    this.runs.standing.set(run, STANDING.sleeping);
    this.sleepers.add(run, dueMs);
    this.unarmed.add(run);
  }

  /** Ends the sleep; what the run becomes is up to the caller. */
  rouse(run: Run): void {
    this.sleepers.remove(run);
    this.unarmed.delete(run);
  }

  /** A run that is in no queue waits to be told when its next attempt may begin. */
  retry(run: Run): void {
    this.runs.standing.set(run, STANDING.retrying);
    this.retries.add(run);
  }

  /** Takes a run without an attempt from where it stands: its queue, its sleep, or what nobody has been told yet. */
  withdraw(run: Run): void {
    const standing = this.runs.standing.get(run);
    if (standing === STANDING.waiting) this.dequeue(run);
    else if (standing === STANDING.sleeping) this.rouse(run);
    this.retries.delete(run);
    this.endings.delete(run);
  }

  enqueue(run: Run): void {
    this.runs.standing.set(run, STANDING.waiting);
    this.runs.joined.set(run, (this.#joins += 1));
    this.queues.join(run);
  }

  /** Takes a waiting run out of its queue; what it becomes is up to the caller. */
  dequeue(run: Run): void {
    this.queues.leave(run);
    this.eager.delete(run);
    this.asking.delete(run);
  }

  /** Gives a run, which is in no queue, the next attempt on this executor. */
  hold(run: Run, executor: ExecutorRecord): Holding {
    const holding: Holding = {
      run,
      executor,
      isRecorded: false,
      isCancelRequested: false,
      isLeaving: false,
      misses: 0,
      lostReason: undefined,
    };
    this.runs.standing.set(run, STANDING.held);
    this.runs.attempt.set(run, this.runs.attempt.get(run) + 1);
    this.holdings.set(run, holding);
    executor.holdings.set(run, holding);
    this.#forgetDebounce(run);
    this.queues.start(run);
    return holding;
  }

  /** The dispatch was read back from the log, which stored it at this time. */
  record(holding: Holding, atMs = this.queues.logMs): void {
    if (holding.isRecorded) return;
    holding.isRecorded = true;
    this.queues.record(holding.run, atMs);
  }

  /** The run that holds a slot will end: it is no longer one that another has to wait for, or end. */
  depart(holding: Holding): void {
    if (holding.isLeaving) return;
    holding.isLeaving = true;
    this.queues.lanes.depart(this.runs.lane.get(holding.run), holding.run);
  }

  /** Gives the slot of a held run back; what it becomes is up to the caller. */
  release({ run, executor }: Holding): void {
    const holding = this.holdings.get(run);
    this.holdings.delete(run);
    executor.holdings.delete(run);
    this.cancellations.delete(run);
    if (holding !== undefined) {
      this.losses.delete(holding);
      this.queues.stop(run, holding);
    }
    // one that was never heard lives in the history of the log only
    if (executor.heardMs === undefined && executor.holdings.size === 0) this.executors.delete(executor.id);
  }

  /** A run that is in no queue and holds no slot waits for its end to be recorded. */
  end(run: Run, ending: Ending): void {
    this.runs.standing.set(run, STANDING.ending);
    this.runs.ending.set(run, ENDINGS.indexOf(ending) + 1);
    this.endings.set(run, ending);
  }

  /** Forgets a run that is in no queue and holds no slot. */
  forget(run: Run): void {
    this.endings.delete(run);
    this.successors.delete(run);
    this.asking.delete(run);
    this.#forgetDebounce(run);
    this.queues.dismiss(run);
    this.runs.remove(run);
  }

  #forgetDebounce(run: Run): void {
    const key = this.debounceKeys.get(run);
    if (key === undefined) return;
    this.debounceKeys.delete(run);
    const { debounced } = this.workflowOf(run);
    if (debounced.get(key)?.runId === this.runs.id(run)) debounced.delete(key);
  }

  #policyNumber(policy: RunPolicy): number {
    const key = policyText(policy);
    const known = this.#policyNumbers.get(key);
    if (known !== undefined) return known;
    this.#policyNumbers.set(key, this.#policies.length);
    return this.#policies.push(policy) - 1;
  }
}
