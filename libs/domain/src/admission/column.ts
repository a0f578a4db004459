const ROWS_FIRST = 64;

type Numbers = Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A column of numbers by row number that grows by itself. What was never set is 0. Four or eight bytes a row, nothing for the collector. */
export class Column {
  readonly #make: (length: number) => Numbers;
  #values: Numbers;

  private constructor(make: (length: number) => Numbers) {
    this.#make = make;
    this.#values = make(ROWS_FIRST);
  }

  /** For counters, row numbers and other small integers. */
  static ofIntegers(): Column {
    return new Column((length) => new Int32Array(length));
  }

  /** For sequences, which pass 2^31. */
  static ofDoubles(): Column {
    return new Column((length) => new Float64Array(length));
  }

  get(row: number): number {
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    if (row >= this.#values.length) this.#grow(row);
    this.#values[row] = value;
  }

  #grow(row: number): void {
    const grown = this.#make(Math.max(row + 1, this.#values.length * 2));
    grown.set(this.#values);
    this.#values = grown;
  }
}
