import { NO_RUN, type Run, type RunTable } from './run-table.ts';

/** First in, first out, linked through the rows of the table: joining, leaving from anywhere and taking the first are O(1). */
export class RunQueue {
  readonly #runs: RunTable;
  #first: Run = NO_RUN;
  #last: Run = NO_RUN;

  constructor(runs: RunTable) {
    this.#runs = runs;
  }

  /** {@link NO_RUN} when it is empty. */
  get first(): Run {
    return this.#first;
  }

  append(run: Run): void {
    const { next, previous } = this.#runs;
    previous.set(run, this.#last);
    next.set(run, NO_RUN);
    if (this.#last === NO_RUN) this.#first = run;
    else next.set(this.#last, run);
    this.#last = run;
  }

  /** The run must be in this queue. */
  remove(run: Run): void {
    const { next, previous } = this.#runs;
    const before = previous.get(run);
    const after = next.get(run);
    if (before === NO_RUN) this.#first = after;
    else next.set(before, after);
    if (after === NO_RUN) this.#last = before;
    else previous.set(after, before);
  }
}
