import { type Lane, type LaneTable, NO_LANE } from './lane-table.ts';
import { type Turns } from './turns.ts';
import { type WorkflowQueue } from './workflow-queue.ts';

/** The lanes of one workflow whose first run has the same priority, and may start by the limit of its key: they take turns. */
export class PriorityGroup {
  readonly workflow: WorkflowQueue;
  /** Of the priority, from 0. */
  readonly level: number;
  /** Where it takes turns with other workflows: those of the pool that its next run asks for; `undefined` while it cannot start any. */
  turns: Turns | undefined;
  readonly #lanes: LaneTable;
  /** Whose turn it is; the ring closes behind it. */
  #turn: Lane = NO_LANE;
  /** Neighbours in the {@link ReadyRing} of the level; `undefined` while the group is not in it. */
  nextReady: PriorityGroup | undefined;
  previousReady: PriorityGroup | undefined;

  constructor(lanes: LaneTable, workflow: WorkflowQueue, level: number) {
    this.#lanes = lanes;
    this.workflow = workflow;
    this.level = level;
  }

  /** {@link NO_LANE} when there is none. */
  get turn(): Lane {
    return this.#turn;
  }

  /** Every lane that takes turns here, in the order of their turns. */
  *order(): Generator<Lane, void, undefined> {
    for (let lane = this.#turn; lane !== NO_LANE;) {
      yield lane;
      const next = this.#lanes.next.get(lane);
      lane = next === this.#turn ? NO_LANE : next;
    }
  }

  /** Ends the turn of the lane that has it. */
  advance(): void {
    this.#turn = this.#lanes.next.get(this.#turn);
  }

  /** Joins as the last in the order. Only for a lane that is in no group. */
  add(lane: Lane): void {
    const { next, previous, turnsIn } = this.#lanes;
    const first = this.#turn === NO_LANE ? lane : this.#turn;
    const last = first === lane ? lane : previous.get(first);
    next.set(lane, first);
    previous.set(lane, last);
    next.set(last, lane);
    previous.set(first, lane);
    turnsIn.set(lane, this.level + 1);
    this.#turn = first;
  }

  /** Leaves, its turn passing to the next. Only for a lane that is in this group. */
  remove(lane: Lane): void {
    const { next, previous, turnsIn } = this.#lanes;
    const after = next.get(lane);
    const before = previous.get(lane);
    next.set(before, after);
    previous.set(after, before);
    turnsIn.set(lane, 0);
    if (this.#turn === lane) this.#turn = after === lane ? NO_LANE : after;
  }
}
