import { DEFAULT_POOL } from '@millrace/contracts';
import { Turns } from './turns.ts';

/** Executors that workflows ask for by name, and what waits for them. */
export interface Pool {
  readonly name: string;
  /** Whose turn it is to start a run on one of its executors. */
  readonly turns: Turns;
  /** Runs of it that take a slot. */
  running: number;
}

/** The pools that a run ever asked for; kept for good, because they are few. */
export class PoolTable {
  readonly #pools = new Map<string, Pool>();

  /** @param name Default: {@link DEFAULT_POOL} */
  pool(name = DEFAULT_POOL): Pool {
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = { name, turns: new Turns(), running: 0 };
      this.#pools.set(name, pool);
    }
    return pool;
  }

  values(): Iterable<Pool> {
    return this.#pools.values();
  }
}
