import { RunQueue } from './run-queue.ts';
import { NO_RUN, type Run, type RunTable } from './run-table.ts';

/** What waits and what runs of one workflow. */
export class WorkflowQueue {
  readonly workspace: string;
  /** Path of the workflow. */
  readonly path: string;
  readonly #runs: RunTable;
  readonly #fresh: RunQueue;
  /** Runs that had an attempt already: they are older than all fresh ones. */
  readonly #again: RunQueue;
  /** Runs that take a slot. */
  running = 0;
  waiting = 0;
  /** Neighbours in the {@link ReadyRing}; `undefined` while the workflow is not in it. */
  nextReady: WorkflowQueue | undefined;
  previousReady: WorkflowQueue | undefined;

  constructor(runs: RunTable, workspace: string, path: string) {
    this.workspace = workspace;
    this.path = path;
    this.#runs = runs;
    this.#fresh = new RunQueue(runs);
    this.#again = new RunQueue(runs);
  }

  /** The run whose turn it is. */
  get first(): Run {
    return this.#again.first === NO_RUN ? this.#fresh.first : this.#again.first;
  }

  append(run: Run): void {
    this.#queueOf(run).append(run);
    this.waiting += 1;
  }

  remove(run: Run): void {
    this.#queueOf(run).remove(run);
    this.waiting -= 1;
  }

  /** The attempt of a run does not change while it waits, so this is the queue that it joined. */
  #queueOf(run: Run): RunQueue {
    return this.#runs.attempt.get(run) === 0 ? this.#fresh : this.#again;
  }
}
