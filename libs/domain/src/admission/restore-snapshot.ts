import { AppError, invariant } from '@millrace/kernel';
import { type Column } from './column.ts';
import { supersede } from './enter.ts';
import { type ReadRows, readSnapshot, type SnapshotContent, unreadable } from './read-snapshot.ts';
import { NO_RUN, type Run, STANDING } from './run-table.ts';
import { type AdmissionLimits, type Ending, ENDINGS, SchedulerState } from './scheduler-state.ts';
import { type HoldingItem, type OldLane, type OldRow, type SnapshotTables } from './snapshot-format.ts';
import { restoreTurns } from './snapshot-tables.ts';
import { StartWindow } from './start-window.ts';
import { UUID_WORDS, type UuidWords } from './uuid-words.ts';

/** Whether the log alone leads to this end; the other ends are decided by who leads, and are nobody's until the log holds them. */
const IS_FOLDED: Readonly<Record<Ending, boolean>> = {
  cancelled: true,
  executor_lost: true,
  attempts_used_up: true,
  skipped: true,
  debounced: true,
  superseded: true,
  rejected: false,
  request_expired: false,
  queue_full: false,
};

/** Runs get rows first, and then, in the order in which they joined, where they stand. */
class Restoring {
  readonly state: SchedulerState;
  readonly #runs: Run[] = [];
  readonly #uuid: UuidWords = new Int32Array(UUID_WORDS);
  readonly #byOldRow = new Map<OldRow, Run>();
  readonly #lanes = new Map<OldLane, number>();
  readonly #withdrawn = new Map<Run, Ending>();
  /** Rows that tables name; ids that are no UUIDs. */
  #known: { readonly named: ReadonlySet<OldRow>; readonly ids: ReadonlyMap<OldRow, string> } | undefined;

  constructor(limits: AdmissionLimits) {
    this.state = new SchedulerState(limits);
  }

  addRows({ rows, columns, words }: ReadRows, { tables, size }: SnapshotContent): void {
    const { named, ids } = this.#knownFrom(tables);
    const { runs } = this.state;
    if (this.#runs.length === 0) runs.reserve(size);
    const from = this.#runs.length;
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] ?? 0;
      for (let word = 0; word < UUID_WORDS; word += 1) this.#uuid[word] = words[word]?.[index] ?? 0;
      const run = runs.restore(ids.get(row) ?? this.#uuid);
      if (named.has(row)) this.#byOldRow.set(row, run);
      this.#runs.push(run);
    }
    for (const [name, values] of columns) this.#fill(runs[name], values, from);
  }

  /** Rows are new, so what is 0 is so already. */
  #fill(column: Column, values: Float64Array, from: number): void {
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? 0;
      if (value !== 0) column.set(this.#runs[from + index] ?? NO_RUN, value);
    }
  }

  finish(tables: SnapshotTables): SchedulerState {
    const { state } = this;
    state.restoreTables(tables.workflows, tables.policies);
    state.queues.logMs = tables.logMs[0] ?? 0;
    state.logBeganMs = tables.logBegan[0];
    for (const [key, ms] of tables.fired) state.fired.set(key, ms);
    this.#sort();
    this.#enterLanes(tables);
    for (const [row, successor] of tables.successors) state.successors.set(this.#run(row), successor);
    for (const held of tables.holdings) this.#hold(held);
    for (const [row, ending] of tables.withdrawn) this.#withdrawn.set(this.#run(row), ending);
    for (const [number, times] of tables.starts) this.#workflow(number).starts = StartWindow.of(times);
    for (const run of this.#runs) this.#settle(run);
    this.#restoreDebounce(tables);
    restoreTurns(state, tables, (lane) => this.#lanes.get(lane));
    return state;
  }

  #knownFrom({ holdings, withdrawn, successors, debounceKeys, otherIds }: SnapshotTables) {
    this.#known ??= {
      named: new Set([...holdings, ...withdrawn, ...successors, ...debounceKeys].map(([row]) => row)),
      ids: new Map(otherIds),
    };
    return this.#known;
  }

  #run(row: OldRow): Run {
    const run = this.#byOldRow.get(row);
    invariant(run, 'what a table names is there');
    return run;
  }

  #workflow(number: number) {
    const workflow = this.state.workflows[number];
    invariant(workflow, 'what a table names is there');
    return workflow;
  }

  /** Rows are used again, so their order is not that of joining. */
  #sort(): void {
    const { joined } = this.state.runs;
    const isInOrder = this.#runs.every((run, index) => joined.get(run) >= joined.get(this.#runs[index - 1] ?? run));
    if (!isInOrder) this.#runs.sort((one, other) => joined.get(one) - joined.get(other));
  }

  #enterLanes(tables: SnapshotTables): void {
    const keys = new Map(tables.keys);
    const { runs, queues } = this.state;
    for (const run of this.#runs) {
      const oldLane = runs.lane.get(run);
      queues.admit(run, keys.get(oldLane));
      this.#lanes.set(oldLane, runs.lane.get(run));
    }
  }

  #hold([row, executor, isCancelRequested, isLeaving]: HoldingItem): void {
    const { state } = this;
    const run = this.#run(row);
    this.#uncountAttempt(run); // holding it counts it again
    const holding = state.hold(run, state.executor(executor));
    state.record(holding);
    holding.isCancelRequested = isCancelRequested;
    if (!isLeaving) return;
    const successor = state.successors.get(run);
    if (isCancelRequested || successor === undefined) state.depart(holding);
    else supersede(state, run, successor);
  }

  #uncountAttempt(run: Run): void {
    const { attempt } = this.state.runs;
    attempt.set(run, attempt.get(run) - 1);
  }

  #settle(run: Run): void {
    const { state } = this;
    switch (state.runs.standing.get(run)) {
      case STANDING.waiting:
        this.#wait(run);
        return;
      case STANDING.held:
        if (state.holdings.has(run)) return;
        this.#uncountAttempt(run); // its dispatch is not in the log
        this.#waitUnlessWithdrawn(run);
        return;
      case STANDING.ending:
        this.#end(run);
        return;
      case STANDING.retrying:
        state.retry(run);
        return;
      case STANDING.sleeping:
        state.sleep(run, state.runs.dueMs.get(run));
        return;
      default:
        throw unreadable('a run stands nowhere');
    }
  }

  #end(run: Run): void {
    const ending = ENDINGS[this.state.runs.ending.get(run) - 1];
    invariant(ending, 'a run that ends does so in one of the ways that there are');
    if (IS_FOLDED[ending]) this.state.end(run, ending);
    else this.#wait(run);
  }

  #waitUnlessWithdrawn(run: Run): void {
    const ending = this.#withdrawn.get(run);
    if (ending === undefined) this.#wait(run);
    else this.state.end(run, ending);
  }

  #wait(run: Run): void {
    const { state } = this;
    state.enqueue(run);
    if (state.runs.attempt.get(run) === 0 && state.policyOf(run).onLimit === 'reject') state.eager.add(run);
  }

  #restoreDebounce({ debounceKeys, debounced }: SnapshotTables): void {
    const { state } = this;
    for (const [row, key] of debounceKeys) {
      const run = this.#run(row);
      state.debounceKeys.set(run, key);
      state.unarmed.delete(run);
    }
    for (const [number, key, runId, sinceMs, dueMs] of debounced) {
      this.#workflow(number).debounced.set(key, { runId, sinceMs, dueMs });
    }
  }
}

/**
 * The state that a snapshot keeps, for somebody who begins to follow the log, and what the writer said of the log.
 *
 * @throws AppError `invalid` `snapshot.unreadable`: fold the log from its beginning.
 */
export const decodeState = (bytes: Uint8Array, limits: AdmissionLimits): { state: SchedulerState; log: unknown } => {
  try {
    const restoring = new Restoring(limits);
    const { log, tables } = readSnapshot(bytes, (rows, content) => restoring.addRows(rows, content));
    return { state: restoring.finish(tables), log };
  } catch (error) {
    throw error instanceof AppError ? error : unreadable('it makes no sense', error);
  }
};
