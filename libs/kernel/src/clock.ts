/** Where time comes from. Services pass the system clock, tests a clock of their own. */
export interface Clock {
  /** Milliseconds since the epoch: for stamps that people read. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back: for leases and time-outs. */
  readonly monotonic: () => number;
}
