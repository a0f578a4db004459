/**
 * What time it is by the log: that of the last commit which was read, and what passed since then. A commit takes a while to be read, so this
 * is never ahead of what the log stores next, as long as the clock of its server does not go back.
 */
export class LogClock {
  #readMs = 0;
  #atMs = 0;

  /**
   * @param logMs time of the last commit that was read, milliseconds since the epoch
   * @param nowMs a monotonic clock
   */
  read(logMs: number, nowMs: number): number {
    if (logMs > this.#readMs + (nowMs - this.#atMs) || this.#readMs === 0) {
      this.#readMs = logMs;
      this.#atMs = nowMs;
    }
    return this.#readMs + (nowMs - this.#atMs);
  }
}
