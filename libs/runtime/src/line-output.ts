import { writeSync } from 'node:fs';

/** What waits for a reader of stdout at most; lines beyond are dropped, so that a reader that hangs costs lines and not memory. */
export const UNWRITTEN_CHARACTERS_MAX = 4 * 1024 * 1024;
/** Until a full pipe is tried again. */
const RETRY_MS = 5;
/** What an exit waits for a reader that reads nothing. */
const LAST_WRITE_MS = 1_000;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Where lines go: `write` never waits, `flushSync` does. */
export interface LineOutput {
  readonly write: (line: string) => void;
  /** Writes all that is there; gives up after a second in which nobody read. */
  readonly flushSync: () => void;
}

/**
 * Stdout for lines: all of one turn of the event loop in one write, in order, complete at an exit.
 *
 * Neither way of pino's own destination does: a synchronous one sleeps for 100 ms whenever the pipe is full, which halved what a projector
 * folded, and an asynchronous one loses the chunk that it was writing when the process exits.
 */
class StdoutLines implements LineOutput {
  #lines: string[] = [];
  #characters = 0;
  #started: Buffer = Buffer.alloc(0);
  #isScheduled = false;
  #isClosed = false;

  readonly write = (line: string): void => {
    if (this.#isClosed || this.#characters + this.#started.length + line.length > UNWRITTEN_CHARACTERS_MAX) return;
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#drain);
  };

  readonly flushSync = (): void => {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    let left = Infinity;
    let giveUpAt = Infinity;
    while (!this.#writeAll() && performance.now() < giveUpAt) {
      const now = this.#characters + this.#started.length;
      if (now < left) giveUpAt = performance.now() + LAST_WRITE_MS;
      left = now;
      Atomics.wait(clock, 0, 0, RETRY_MS);
    }
  };

  readonly #drain = (): void => {
    this.#isScheduled = !this.#writeAll();
    if (this.#isScheduled) setTimeout(this.#drain, RETRY_MS).unref();
  };

  /** Whether nothing is left to write; what is left was refused by a full pipe. */
  #writeAll(): boolean {
    try {
      for (;;) {
        while (this.#started.length > 0) this.#started = this.#started.subarray(writeSync(1, this.#started));
        if (this.#lines.length === 0) return true;
        this.#started = Buffer.from(this.#lines.join(''));
        this.#lines = [];
        this.#characters = 0;
      }
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return false;
      this.#isClosed = true; // the reader is gone: nothing can be said any more
      return true;
    }
  }
}

/** The lines of this process. A pipe is made non-blocking by that, and its end is no error. */
export const openStdoutLines = (): LineOutput => {
  process.stdout.on('error', () => undefined);
  const lines = new StdoutLines();
  process.once('exit', lines.flushSync);
  return lines;
};
