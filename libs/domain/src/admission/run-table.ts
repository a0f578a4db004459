import { type Position } from '@millrace/contracts';
import { Column } from './column.ts';

/** Number of a run's row, from 1; {@link NO_RUN} is none. Reused once the run is over. */
export type Run = number;
export const NO_RUN: Run = 0;

/** What a row says about its run. */
export const STANDING = {
  /** In a queue of its workflow. */
  waiting: 1,
  /** Assigned to an executor: takes a slot. */
  held: 2,
  /** In no queue: its end is decided and not yet read back from the log. */
  ending: 3,
} as const;

/**
 * Open runs, a row each: 36 bytes and a reference besides the id and its entry in the index. Rows are numbers and columns are typed arrays,
 * because a million waiting runs as objects would cost three times as much, and the garbage collector would visit each of them for ever.
 */
export class RunTable {
  readonly #rows = new Map<string, Run>();
  readonly #ids: string[] = [''];
  readonly #freed: Run[] = [];
  readonly #sequence = Column.ofDoubles();
  readonly #index = Column.ofIntegers();
  /** One of {@link STANDING}. */
  readonly standing = Column.ofIntegers();
  /** The current attempt; 0 before the first dispatch. */
  readonly attempt = Column.ofIntegers();
  /** Attempts that failed and attempts that were lost. */
  readonly failed = Column.ofIntegers();
  readonly lost = Column.ofIntegers();
  /** Numbers of the workflow and of the policy. */
  readonly workflow = Column.ofIntegers();
  readonly policy = Column.ofIntegers();
  /** Neighbours in a queue. */
  readonly next = Column.ofIntegers();
  readonly previous = Column.ofIntegers();

  get size(): number {
    return this.#rows.size;
  }

  find(runId: string): Run | undefined {
    return this.#rows.get(runId);
  }

  id(run: Run): string {
    return this.#ids[run] ?? '';
  }

  /** Where `run.requested` stands in the log. */
  position(run: Run): Position {
    return { sequence: this.#sequence.get(run), index: this.#index.get(run) };
  }

  add(runId: string, { sequence, index }: Position): Run {
    const run = this.#freed.pop() ?? this.#ids.length;
    this.#rows.set(runId, run);
    this.#ids[run] = runId;
    this.#sequence.set(run, sequence);
    this.#index.set(run, index);
    for (const counter of [this.attempt, this.failed, this.lost, this.next, this.previous]) counter.set(run, 0);
    return run;
  }

  remove(run: Run): void {
    this.#rows.delete(this.id(run));
    this.#ids[run] = '';
    this.standing.set(run, 0);
    this.#freed.push(run);
  }
}
