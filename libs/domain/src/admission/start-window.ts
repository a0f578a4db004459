/** Starts of one workflow in a period, as the rule of a version has it. */
export interface RateRule {
  readonly limit: number;
  readonly periodMs: number;
}

/**
 * When the latest starts of a workflow were recorded, by the time of the log: a sliding window. In no period are there more starts than the
 * limit, wherever the period begins. All that counts is in the log, so every leader decides alike.
 */
export class StartWindow {
  /** Oldest first from `#first`, around the end. */
  #times: number[] = [];
  #first = 0;
  /** Starts that were decided and are not yet read back: their time is to come. */
  pending = 0;

  /** Times that are remembered, oldest first; for snapshots. */
  times(): readonly number[] {
    return [...this.#times.slice(this.#first), ...this.#times.slice(0, this.#first)];
  }

  /** With what `times` of another one told. */
  static of(times: readonly number[]): StartWindow {
    const window = new StartWindow();
    window.#times = [...times];
    return window;
  }

  /** A start at this time; no more than `limit` are remembered. */
  record(atMs: number, limit: number): void {
    if (this.#times.length !== limit) this.#resize(limit);
    if (this.#times.length < limit) {
      this.#times.push(atMs);
      return;
    }
    this.#times[this.#first] = atMs;
    this.#first = (this.#first + 1) % limit;
  }

  /**
   * The earliest time of the log at which one more may start: 0 when there is nothing to wait for, infinite when a start that was decided
   * must be read back first.
   */
  dueMs({ limit, periodMs }: RateRule): number {
    const room = limit - this.pending;
    if (room <= 0) return Number.POSITIVE_INFINITY;
    const { length } = this.#times;
    if (length < room) return 0;
    // the room-th latest must have left the window
    return (this.#times[(this.#first + length - room) % length] ?? 0) + periodMs;
  }

  #resize(limit: number): void {
    if (this.#first === 0 && this.#times.length <= limit) return;
    this.#times = this.times().slice(-limit);
    this.#first = 0;
  }
}
