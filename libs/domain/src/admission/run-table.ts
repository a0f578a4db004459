import { type Position } from '@millrace/contracts';
import { Column, type FrozenColumn } from './column.ts';
import { type FrozenIds, RunIds } from './run-ids.ts';
import { type UuidWords } from './uuid-words.ts';

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
  /** In no queue: its attempt failed, and when the next one may begin is decided and not yet read back from the log. */
  retrying: 4,
  /** Waits for a time, and takes no slot. */
  sleeping: 5,
} as const;

/** Columns that a snapshot keeps; it keeps ids, too. Neighbours in a queue follow from the order of joining. */
const KEPT = [
  'sequence',
  'index',
  'standing',
  'ending',
  'joined',
  'attempt',
  'failed',
  'lost',
  'workflow',
  'policy',
  'lane',
  'level',
  'dueMs',
] as const satisfies readonly (keyof RunTable)[];
export type KeptColumn = (typeof KEPT)[number];
export const KEPT_COLUMNS: readonly KeptColumn[] = KEPT;

/** The table at one moment. */
export interface FrozenRuns {
  /** Rows are numbered below this. */
  readonly end: number;
  readonly size: number;
  readonly ids: FrozenIds;
  readonly columns: Readonly<Record<KeptColumn, FrozenColumn>>;
}

/**
 * Open runs, a row each: 46 bytes besides the id and its place in the index. Rows are numbers and columns are typed arrays, because a million
 * waiting runs as objects would cost several times as much, and the garbage collector would visit each of them for ever.
 */
export class RunTable {
  readonly #ids = new RunIds();
  readonly #freed: Run[] = [];
  #end = 1;
  /** Where `run.requested` stands in the log. */
  readonly sequence = Column.ofDoubles();
  readonly index = Column.ofIntegers();
  /** One of {@link STANDING}; 0 in a row without a run. */
  readonly standing = Column.ofBytes();
  /** How it shall end, when that is decided: a code of `Ending`. */
  readonly ending = Column.ofBytes();
  /** Grows with every run that joins a queue: who waits longer has the smaller one. */
  readonly joined = Column.ofDoubles();
  /** The current attempt; 0 before the first dispatch. */
  readonly attempt = Column.ofIntegers();
  /** Attempts that failed and attempts that were lost. */
  readonly failed = Column.ofIntegers();
  readonly lost = Column.ofIntegers();
  /** Numbers of the workflow and of the policy. */
  readonly workflow = Column.ofIntegers();
  readonly policy = Column.ofIntegers();
  /** Number of the lane, which says what else it has to wait behind. */
  readonly lane = Column.ofIntegers();
  /** Of its priority. */
  readonly level = Column.ofBytes();
  /** Neighbours in a list of the lane. */
  readonly next = Column.ofIntegers();
  readonly previous = Column.ofIntegers();
  /** Of a run that sleeps, or slept: until when, in milliseconds since the epoch. */
  readonly dueMs = Column.ofDoubles();

  get size(): number {
    return this.#ids.size;
  }

  find(runId: string): Run | undefined {
    return this.#ids.find(runId);
  }

  id(run: Run): string {
    return this.#ids.id(run);
  }

  position(run: Run): Position {
    return { sequence: this.sequence.get(run), index: this.index.get(run) };
  }

  add(runId: string, { sequence, index }: Position): Run {
    const run = this.#row();
    this.#ids.set(run, runId);
    this.sequence.set(run, sequence);
    this.index.set(run, index);
    for (const counter of [this.attempt, this.failed, this.lost, this.next, this.previous]) {
      if (counter.get(run) !== 0) counter.set(run, 0); // a page is not made for nothing
    }
    if (this.dueMs.get(run) !== 0) this.dueMs.set(run, 0); // hardly any run sleeps
    return run;
  }

  /** Makes room for so many runs at once. */
  reserve(size: number): void {
    this.#ids.reserve(size);
  }

  /** A row of a snapshot; what is kept in columns is set by the caller. */
  restore(id: string | UuidWords): Run {
    const run = this.#row();
    if (typeof id === 'string') this.#ids.set(run, id);
    else this.#ids.setUuid(run, id);
    return run;
  }

  remove(run: Run): void {
    this.#ids.remove(run);
    this.standing.set(run, 0);
    this.#freed.push(run);
  }

  /** The table as it is now, however it changes later; costs a few references a page. */
  freeze(): FrozenRuns {
    const columns = Object.fromEntries(KEPT.map((name) => [name, this[name].freeze()]));
    return {
      end: this.#end,
      size: this.size,
      ids: this.#ids.freeze(),
      columns: columns as Record<KeptColumn, FrozenColumn>,
    };
  }

  #row(): Run {
    const freed = this.#freed.pop();
    if (freed !== undefined) return freed;
    this.#end += 1;
    return this.#end - 1;
  }
}
