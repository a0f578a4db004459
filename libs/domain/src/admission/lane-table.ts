import { Column } from './column.ts';
import { NO_RUN, type Run, type RunTable } from './run-table.ts';

/** Number of a lane's row, from 1; {@link NO_LANE} is none. Reused once it has no open run any more. */
export type Lane = number;
export const NO_LANE: Lane = 0;

/** Columns with the ends of one list of runs. */
interface Ends {
  readonly first: Column;
  readonly last: Column;
}

const makeEnds = (): Ends => ({ first: Column.ofIntegers(), last: Column.ofIntegers() });

/**
 * Lanes: what waits and what runs of one workflow and one concurrency key, or of one workflow and one priority where there is no key. Inside
 * a lane it is first come, first served. A row each and no objects, because a million keys may wait.
 *
 * A lane has three lists, which are linked through the rows of the runs: those that wait for their first attempt, those that wait for
 * another one (they are older), and those that hold a slot and may go on.
 */
export class LaneTable {
  readonly #runs: RunTable;
  readonly #freed: Lane[] = [];
  #end = 1;
  readonly #fresh = makeEnds();
  readonly #again = makeEnds();
  readonly #held = makeEnds();
  /** Concurrency keys, by lane; none for lanes of a priority. */
  readonly #keys: (string | undefined)[] = [];
  /** Number of the workflow. */
  readonly workflow = Column.ofIntegers();
  /** Open runs, wherever they stand. */
  readonly members = Column.ofIntegers();
  readonly waiting = Column.ofIntegers();
  /** Runs that take a slot. */
  readonly running = Column.ofIntegers();
  /** Those of them that shall make room for another one. */
  readonly leaving = Column.ofIntegers();
  /** One more than the level of the `PriorityGroup` that it takes turns in; 0 while it is in none. */
  readonly turnsIn = Column.ofBytes();
  /** Neighbours there. */
  readonly next = Column.ofIntegers();
  readonly previous = Column.ofIntegers();

  constructor(runs: RunTable) {
    this.#runs = runs;
  }

  add(workflow: number, key: string | undefined): Lane {
    const lane = this.#row();
    this.workflow.set(lane, workflow);
    this.#keys[lane] = key;
    return lane;
  }

  /** Only for one without members. */
  remove(lane: Lane): void {
    this.#keys[lane] = undefined;
    this.#freed.push(lane);
  }

  key(lane: Lane): string | undefined {
    return this.#keys[lane];
  }

  /** All keys there are; for snapshots. */
  *keys(): Generator<readonly [Lane, string], void, undefined> {
    for (const [lane, key] of this.#keys.entries()) if (key !== undefined) yield [lane, key];
  }

  /** The run whose turn it is; {@link NO_RUN} when none waits. */
  first(lane: Lane): Run {
    const again = this.#again.first.get(lane);
    return again === NO_RUN ? this.#fresh.first.get(lane) : again;
  }

  /** Of the runs that hold a slot and may go on, the one that got it first. */
  firstHeld(lane: Lane): Run {
    return this.#held.first.get(lane);
  }

  /** Waits as the last one. */
  join(lane: Lane, run: Run): void {
    this.#append(this.#queueOf(run), lane, run);
    this.waiting.set(lane, this.waiting.get(lane) + 1);
  }

  leave(lane: Lane, run: Run): void {
    this.#unlink(this.#queueOf(run), lane, run);
    this.waiting.set(lane, this.waiting.get(lane) - 1);
  }

  /** Takes a slot. */
  start(lane: Lane, run: Run): void {
    this.#append(this.#held, lane, run);
    this.running.set(lane, this.running.get(lane) + 1);
  }

  /** Shall make room: it still takes its slot, and counts for nobody's turn any more. */
  depart(lane: Lane, run: Run): void {
    this.#unlink(this.#held, lane, run);
    this.leaving.set(lane, this.leaving.get(lane) + 1);
  }

  /** Gives its slot back. */
  stop(lane: Lane, run: Run, isLeaving: boolean): void {
    if (isLeaving) this.leaving.set(lane, this.leaving.get(lane) - 1);
    else this.#unlink(this.#held, lane, run);
    this.running.set(lane, this.running.get(lane) - 1);
  }

  /** How many wait before this one, which waits; counts no further than `upTo`. */
  countBefore(run: Run, upTo: number): number {
    const { previous, attempt } = this.#runs;
    let count = attempt.get(run) > 0 ? 0 : this.#countAgain(this.#runs.lane.get(run), upTo);
    for (let before = previous.get(run); before !== NO_RUN && count < upTo; before = previous.get(before)) count += 1;
    return count;
  }

  #countAgain(lane: Lane, upTo: number): number {
    let count = 0;
    for (let run = this.#again.first.get(lane); run !== NO_RUN && count < upTo; run = this.#runs.next.get(run)) {
      count += 1;
    }
    return count;
  }

  #row(): Lane {
    const freed = this.#freed.pop();
    if (freed !== undefined) return freed;
    this.#end += 1;
    return this.#end - 1;
  }

  /** The attempt of a run does not change while it waits, so this is the list that it joined. */
  #queueOf(run: Run): Ends {
    return this.#runs.attempt.get(run) === 0 ? this.#fresh : this.#again;
  }

  #append({ first, last }: Ends, lane: Lane, run: Run): void {
    const { next, previous } = this.#runs;
    const before = last.get(lane);
    previous.set(run, before);
    next.set(run, NO_RUN);
    if (before === NO_RUN) first.set(lane, run);
    else next.set(before, run);
    last.set(lane, run);
  }

  #unlink({ first, last }: Ends, lane: Lane, run: Run): void {
    const { next, previous } = this.#runs;
    const before = previous.get(run);
    const after = next.get(run);
    if (before === NO_RUN) first.set(lane, after);
    else next.set(before, after);
    if (after === NO_RUN) last.set(lane, before);
    else previous.set(after, before);
  }
}
