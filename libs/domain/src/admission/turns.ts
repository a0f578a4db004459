/**
 * Whose turn it is to start a run. The rule:
 *
 * 1. Of {@link PRIORITY_CYCLE} starts in a row that lower priorities could have had as well, all but one are of the highest priority that
 *    has something to start. One is of a lower priority, and the lower ones take turns.
 * 2. Inside a priority the workflows take turns, a run each.
 * 3. Inside a workflow and a priority the concurrency keys take turns, a run each.
 * 4. Inside a key it is first come, first served.
 *
 * So however much another workflow, key or priority floods, whoever may start waits for a bounded number of starts of others.
 */
import { type PriorityGroup } from './priority-group.ts';
import { PRIORITY_LEVELS } from './priority.ts';
import { ReadyRing } from './ready-ring.ts';

/** One start in so many is of a lower priority. */
export const PRIORITY_CYCLE = 10;

const HIGHEST_BIT = 31;
const highestOf = (levels: number): number => HIGHEST_BIT - Math.clz32(levels);

/** Starts of the highest priority since a lower one had its turn, and the lower one that had it last; for snapshots. */
export type TurnCycle = readonly [passed: number, lower: number];

/** The groups that could start a run now, by priority. Every step is O(1). */
export class Turns {
  readonly #rings: readonly ReadyRing[] = Array.from({ length: PRIORITY_LEVELS }, () => new ReadyRing());
  /** A bit for each level whose ring is not empty. */
  #levels = 0;
  /** Starts of the highest priority since a lower one had its turn. */
  #passed = 0;
  /** Lower priorities above this one had their turn; 0: they begin again. */
  #lower = 0;

  get isEmpty(): boolean {
    return this.#levels === 0;
  }

  /** Everyone who is in, level by level in the order of their turns. */
  *order(): Generator<PriorityGroup, void, undefined> {
    for (const ring of this.#rings) yield* ring.order();
  }

  /** How far the turns of lower priorities are. */
  get cycle(): TurnCycle {
    return [this.#passed, this.#lower];
  }

  set cycle([passed, lower]: TurnCycle) {
    this.#passed = passed;
    this.#lower = lower;
  }

  has(group: PriorityGroup): boolean {
    return group.nextReady !== undefined;
  }

  /** Joins as the last of its level; nothing when it is in already. */
  add(group: PriorityGroup): void {
    this.#rings[group.level]?.add(group);
    this.#levels |= 1 << group.level;
  }

  /** Leaves, its turn passing to the next; nothing when it is not in. */
  remove(group: PriorityGroup): void {
    const ring = this.#rings[group.level];
    ring?.remove(group);
    if (ring?.turn === undefined) this.#levels &= ~(1 << group.level);
  }

  /** Whose turn it is, and it was it. `undefined` when nothing can start. */
  take(): PriorityGroup | undefined {
    if (this.#levels === 0) return undefined;
    const ring = this.#rings[this.#nextLevel()];
    const group = ring?.turn;
    ring?.advance();
    return group;
  }

  #nextLevel(): number {
    const highest = highestOf(this.#levels);
    const lower = this.#levels & ~(1 << highest);
    if (lower === 0) return highest;
    this.#passed += 1;
    if (this.#passed < PRIORITY_CYCLE) return highest;
    this.#passed = 0;
    const notYet = lower & ((1 << this.#lower) - 1);
    this.#lower = highestOf(notYet === 0 ? lower : notYet);
    return this.#lower;
  }
}
