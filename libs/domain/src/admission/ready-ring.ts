import { type WorkflowQueue } from './workflow-queue.ts';

/** The workflows that could start a run now, in the order of their turns. Joining, leaving and taking a turn are O(1). */
export class ReadyRing {
  /** Whose turn it is; the ring closes behind it. */
  #turn: WorkflowQueue | undefined;

  get turn(): WorkflowQueue | undefined {
    return this.#turn;
  }

  has(workflow: WorkflowQueue): boolean {
    return workflow.nextReady !== undefined;
  }

  /** Ends the turn of the workflow that has it. */
  advance(): void {
    this.#turn = this.#turn?.nextReady;
  }

  /** Joins as the last in the order; nothing when it is in already. */
  add(workflow: WorkflowQueue): void {
    if (this.has(workflow)) return;
    const first = this.#turn ?? workflow;
    const last = first.previousReady ?? workflow;
    workflow.nextReady = first;
    workflow.previousReady = last;
    last.nextReady = workflow;
    first.previousReady = workflow;
    this.#turn = first;
  }

  /** Leaves, its turn passing to the next; nothing when it is not in. */
  remove(workflow: WorkflowQueue): void {
    const { nextReady, previousReady } = workflow;
    if (nextReady === undefined || previousReady === undefined) return;
    previousReady.nextReady = nextReady;
    nextReady.previousReady = previousReady;
    workflow.nextReady = undefined;
    workflow.previousReady = undefined;
    if (this.#turn === workflow) this.#turn = nextReady === workflow ? undefined : nextReady;
  }
}
