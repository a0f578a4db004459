/**
 * Who waits behind whom, and who could start now by the limits of its workflow and its key.
 *
 * Q1 a run that waits is in the list of its lane; one that takes a slot counts in its lane and its workflow until it gives it back.
 * Q2 a lane takes turns, at the priority of its first run, exactly when that run may start by the limit of its key.
 * Q3 a workflow takes turns at a priority exactly when the lane whose turn it is there has a run that may start by the limits of the workflow,
 *    and it does so in the pool that this run asks for.
 */
import { type RunPolicy } from '@millrace/contracts';
import { invariant } from '@millrace/kernel';
import { type Lane, LaneTable, NO_LANE } from './lane-table.ts';
import { type Pool, PoolTable } from './pool-table.ts';
import { type PriorityGroup } from './priority-group.ts';
import { NO_RUN, type Run, type RunTable } from './run-table.ts';
import { WorkflowQueue } from './workflow-queue.ts';

/** In place of a level, where runs without a key stand in one line whatever their priority: later ones end the earlier. */
const ONE_LINE = -1;

export class Queues {
  readonly lanes: LaneTable;
  readonly pools = new PoolTable();
  readonly #runs: RunTable;
  readonly #policyOf: (run: Run) => RunPolicy;
  /** By `<workspace>/<path>`; kept for good, because there are as many as workflows were ever run. */
  readonly #numbers = new Map<string, number>();
  readonly #workflows: WorkflowQueue[] = [];
  /** Workflows that wait for their rate, and for what time of the log. */
  readonly #rated = new Map<WorkflowQueue, number>();
  /** The earliest of these; infinite when there is none. */
  nextStartMs = Number.POSITIVE_INFINITY;
  /** Time of the log, milliseconds since the epoch: of what was read last, or later, where the leader knows how long ago that was. */
  logMs = 0;
  waiting = 0;

  constructor(runs: RunTable, policyOf: (run: Run) => RunPolicy) {
    this.#runs = runs;
    this.#policyOf = policyOf;
    this.lanes = new LaneTable(runs);
  }

  /** By number. */
  get workflows(): readonly WorkflowQueue[] {
    return this.#workflows;
  }

  workflowOf(run: Run): WorkflowQueue {
    return this.#workflowAt(this.#runs.workflow.get(run));
  }

  workflow(workspace: string, path: string): WorkflowQueue {
    const name = `${workspace}/${path}`;
    const number = this.#numbers.get(name);
    if (number !== undefined) return this.#workflowAt(number);
    const workflow = new WorkflowQueue(this.lanes, { number: this.#workflows.length, workspace, path });
    this.#numbers.set(name, workflow.number);
    this.#workflows.push(workflow);
    return workflow;
  }

  /** Gives an open run its place: a lane. It does not wait there yet. */
  admit(run: Run, key: string | undefined): void {
    const isOneLine = this.#policyOf(run).onLimit === 'cancel_previous';
    const lane = this.workflowOf(run).lane(key, isOneLine ? ONE_LINE : this.#runs.level.get(run));
    this.#runs.lane.set(run, lane);
    this.lanes.members.set(lane, this.lanes.members.get(lane) + 1);
  }

  /** The run is over. */
  dismiss(run: Run): void {
    const lane = this.#runs.lane.get(run);
    this.lanes.members.set(lane, this.lanes.members.get(lane) - 1);
    this.workflowOf(run).tidy(lane);
  }

  join(run: Run): void {
    const lane = this.#runs.lane.get(run);
    this.lanes.join(lane, run);
    this.workflowOf(run).waiting += 1;
    this.waiting += 1;
    this.#refreshLane(lane);
  }

  leave(run: Run): void {
    const lane = this.#runs.lane.get(run);
    this.lanes.leave(lane, run);
    this.workflowOf(run).waiting -= 1;
    this.waiting -= 1;
    this.#refreshLane(lane);
  }

  /** Takes a slot; when that is recorded is still to come. */
  start(run: Run): void {
    const workflow = this.workflowOf(run);
    const lane = this.#runs.lane.get(run);
    workflow.running += 1;
    this.#poolOf(run).running += 1;
    if (this.#policyOf(run).rate !== undefined) workflow.startWindow().pending += 1;
    this.lanes.start(lane, run);
    this.#refreshLane(lane);
    this.#refreshWorkflow(workflow);
  }

  /** Its start is in the log, since this time. */
  record(run: Run, atMs: number): void {
    const { rate } = this.#policyOf(run);
    if (rate === undefined) return;
    const workflow = this.workflowOf(run);
    const starts = workflow.startWindow();
    starts.pending -= 1;
    starts.record(atMs, rate.limit);
    this.#refreshWorkflow(workflow);
  }

  /** Gives its slot back. */
  stop(run: Run, { isRecorded, isLeaving }: { readonly isRecorded: boolean; readonly isLeaving: boolean }): void {
    const workflow = this.workflowOf(run);
    const lane = this.#runs.lane.get(run);
    workflow.running -= 1;
    this.#poolOf(run).running -= 1;
    if (!isRecorded && this.#policyOf(run).rate !== undefined) workflow.startWindow().pending -= 1;
    this.lanes.stop(lane, run, isLeaving);
    this.#refreshLane(lane);
    this.#refreshWorkflow(workflow);
  }

  /** The log is at this time, or later. */
  advance(atMs: number): void {
    if (atMs <= this.logMs) return;
    this.logMs = atMs;
    if (atMs < this.nextStartMs) return;
    this.nextStartMs = Number.POSITIVE_INFINITY;
    for (const [workflow, dueMs] of this.#rated) {
      if (dueMs <= atMs) {
        this.#rated.delete(workflow);
        this.#refreshWorkflow(workflow);
      } else this.nextStartMs = Math.min(this.nextStartMs, dueMs);
    }
  }

  /** Puts the lanes of a group in this order; those that are not named come last. */
  arrangeLanes(group: PriorityGroup, order: Iterable<Lane>): void {
    const present = new Set(group.order());
    const lanes = new Set([...[...order].filter((lane) => present.has(lane)), ...present]);
    for (const lane of lanes) group.remove(lane);
    for (const lane of lanes) group.add(lane);
    this.#refreshGroup(group);
  }

  /** As {@link arrangeLanes}, for those that take turns in a pool at all priorities. */
  arrangeGroups({ turns }: Pool, order: Iterable<PriorityGroup>): void {
    const present = new Set(turns.order());
    const groups = new Set([...[...order].filter((group) => present.has(group)), ...present]);
    for (const group of groups) turns.remove(group);
    for (const group of groups) turns.add(group);
  }

  /** When the rate of the workflow lets a run of this version start, by the time of the log; 0 when it has none. */
  rateDueMs(workflow: WorkflowQueue, { rate }: RunPolicy): number {
    return rate === undefined ? 0 : workflow.startWindow().dueMs(rate);
  }

  #poolOf(run: Run): Pool {
    return this.pools.pool(this.#policyOf(run).pool);
  }

  #workflowAt(number: number): WorkflowQueue {
    const workflow = this.#workflows[number];
    invariant(workflow, 'a run has a workflow');
    return workflow;
  }

  /** Keeps Q2. */
  #refreshLane(lane: Lane): void {
    const { lanes } = this;
    const workflow = this.#workflowAt(lanes.workflow.get(lane));
    const before = lanes.turnsIn.get(lane);
    const after = this.#turnsDueIn(lane);
    if (before !== after) {
      if (before !== 0) workflow.group(before - 1).remove(lane);
      if (after !== 0) workflow.group(after - 1).add(lane);
      if (before !== 0) this.#refreshGroup(workflow.group(before - 1));
    }
    if (after !== 0) this.#refreshGroup(workflow.group(after - 1));
  }

  #turnsDueIn(lane: Lane): number {
    const first = this.lanes.first(lane);
    if (first === NO_RUN) return 0;
    const limit = this.#policyOf(first).keyConcurrency;
    return limit !== undefined && this.lanes.running.get(lane) >= limit ? 0 : this.#runs.level.get(first) + 1;
  }

  #refreshWorkflow(workflow: WorkflowQueue): void {
    for (const group of workflow.groups) this.#refreshGroup(group);
  }

  /** Keeps Q3. */
  #refreshGroup(group: PriorityGroup): void {
    const first = group.turn === NO_LANE ? NO_RUN : this.lanes.first(group.turn);
    const turns = first !== NO_RUN && this.#mayStart(group.workflow, first) ? this.#poolOf(first).turns : undefined;
    if (group.turns !== turns) group.turns?.remove(group);
    group.turns = turns;
    turns?.add(group);
  }

  #mayStart(workflow: WorkflowQueue, run: Run): boolean {
    const policy = this.#policyOf(run);
    if (policy.concurrency !== undefined && workflow.running >= policy.concurrency) return false;
    const dueMs = this.rateDueMs(workflow, policy);
    if (dueMs <= this.logMs) return true;
    if (dueMs !== Number.POSITIVE_INFINITY) {
      this.#rated.set(workflow, dueMs);
      this.nextStartMs = Math.min(this.nextStartMs, dueMs);
    }
    return false;
  }
}
