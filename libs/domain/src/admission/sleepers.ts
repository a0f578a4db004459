import { NO_RUN, type Run, type RunTable } from './run-table.ts';

/**
 * Runs that wait for a time, the earliest first: a binary heap. Joining, leaving from anywhere and taking the first are O(log n).
 * Where a run stands in the heap is kept in the column of its neighbour in a queue, because it is in none meanwhile.
 */
export class Sleepers {
  readonly #runs: RunTable;
  readonly #heap: Run[] = [];

  constructor(runs: RunTable) {
    this.#runs = runs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** {@link NO_RUN} when nobody sleeps. */
  get first(): Run {
    return this.#heap[0] ?? NO_RUN;
  }

  /** In no order. */
  all(): readonly Run[] {
    return this.#heap;
  }

  /** @param dueMs milliseconds since the epoch */
  add(run: Run, dueMs: number): void {
    this.#runs.dueMs.set(run, dueMs);
    this.#heap.push(run);
    this.#rise(this.#heap.length - 1, run);
  }

  /** The run must be in here. */
  remove(run: Run): void {
    const place = this.#runs.next.get(run);
    const last = this.#heap.pop();
    this.#runs.next.set(run, NO_RUN);
    if (last === undefined || last === run) return;
    this.#rise(place, last);
    this.#sink(this.#runs.next.get(last), last);
  }

  /** Of those that are due at the same time the one that was requested first: rows say nothing of that. */
  #isBefore(run: Run, other: Run): boolean {
    const { dueMs, sequence, index } = this.#runs;
    if (dueMs.get(run) !== dueMs.get(other)) return dueMs.get(run) < dueMs.get(other);
    if (sequence.get(run) !== sequence.get(other)) return sequence.get(run) < sequence.get(other);
    return index.get(run) < index.get(other);
  }

  #at(place: number): Run {
    return this.#heap[place] ?? NO_RUN;
  }

  #put(place: number, run: Run): void {
    this.#heap[place] = run;
    this.#runs.next.set(run, place);
  }

  #rise(from: number, run: Run): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(run, this.#at(parent))) break;
      this.#put(place, this.#at(parent));
      place = parent;
    }
    this.#put(place, run);
  }

  #sink(from: number, run: Run): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#heap.length) break;
      const isRight = left + 1 < this.#heap.length && this.#isBefore(this.#at(left + 1), this.#at(left));
      const child = isRight ? left + 1 : left;
      if (!this.#isBefore(this.#at(child), run)) break;
      this.#put(place, this.#at(child));
      place = child;
    }
    this.#put(place, run);
  }
}
