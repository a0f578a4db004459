import { type PriorityGroup } from './priority-group.ts';

/** The workflows that could start a run of one priority now, in the order of their turns. Joining, leaving and taking a turn are O(1). */
export class ReadyRing {
  /** Whose turn it is; the ring closes behind it. */
  #turn: PriorityGroup | undefined;

  get turn(): PriorityGroup | undefined {
    return this.#turn;
  }

  has(group: PriorityGroup): boolean {
    return group.nextReady !== undefined;
  }

  /** Everyone who is in, in the order of their turns. */
  *order(): Generator<PriorityGroup, void, undefined> {
    for (let group = this.#turn; group !== undefined;) {
      yield group;
      group = group.nextReady === this.#turn ? undefined : group.nextReady;
    }
  }

  /** Ends the turn of the group that has it. */
  advance(): void {
    this.#turn = this.#turn?.nextReady;
  }

  /** Joins as the last in the order; nothing when it is in already. */
  add(group: PriorityGroup): void {
    if (this.has(group)) return;
    const first = this.#turn ?? group;
    const last = first.previousReady ?? group;
    group.nextReady = first;
    group.previousReady = last;
    last.nextReady = group;
    first.previousReady = group;
    this.#turn = first;
  }

  /** Leaves, its turn passing to the next; nothing when it is not in. */
  remove(group: PriorityGroup): void {
    const { nextReady, previousReady } = group;
    if (nextReady === undefined || previousReady === undefined) return;
    previousReady.nextReady = nextReady;
    nextReady.previousReady = previousReady;
    group.nextReady = undefined;
    group.previousReady = undefined;
    if (this.#turn === group) this.#turn = nextReady === group ? undefined : nextReady;
  }
}
